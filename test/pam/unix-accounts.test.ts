/** Accounts made by useradd and chage, checked by pam_unix with shadow, in a mount namespace whose /etc vanishes with it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { ROOT } from '../harness/child.js';

const IN_NAMESPACE = `set -e
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc
for user in valid locked expired newpassword inactive warned; do useradd -M "$user"; echo "$user:Passw0rd!" | chpasswd; done
useradd -M empty && passwd -qd empty
usermod -L locked
chage -E "$(date -d '-2 days' +%F)" expired
chage -d "$(date -d '-100 days' +%F)" -M 30 -I -1 newpassword
chage -d "$(date -d '-100 days' +%F)" -M 30 -I 5 inactive
chage -d "$(date -d '-25 days' +%F)" -M 30 -W 7 warned
printf 'auth required pam_unix.so nodelay nullok\\naccount required pam_unix.so\\n' > /etc/pam.d/pamhook-test
exec env LD_PRELOAD="$NODE_PRELOAD" "$@"`;

const ASK = `import { loadNative } from '${ROOT}build/src/native/binding.js';
import { createPam } from '${ROOT}build/src/pam/libpam.js';
import { Secret } from '${ROOT}build/src/secret.js';
const pam = createPam({ native: loadNative(), service: 'pamhook-test', configDir: undefined, tty: 'pamhook' });
const seen = {};
const ask = (username, password) => {
  const answer = pam.ask({ username, responses: [Secret.fromString(password)], remoteHost: '192.0.2.7' });
  seen[username + ' ' + password] = [answer.outcome, answer.detail.code, answer.reason ?? '', answer.messages.length];
};
for (const user of ['valid', 'locked', 'expired', 'newpassword', 'inactive', 'warned', 'empty']) ask(user, 'Passw0rd!');
for (const user of ['valid', 'expired', 'nosuchuser']) ask(user, 'wrong');
for (const user of ['valid', 'locked', 'expired', 'newpassword', 'inactive', 'warned']) {
  const answer = pam.checkAccount(user);
  seen[user] = [answer.outcome, answer.reason ?? ''];
}
console.log(JSON.stringify(seen));`;

test('pam_unix and shadow: valid, wrong, locked, expired account, expired password, inactive, about to expire, empty', {
  skip: process.getuid?.() === 0 ? false : 'needs root',
}, () => {
  const inside = ['bash', '-c', IN_NAMESPACE, 'bash', process.execPath, '--input-type=module', '--eval', ASK];
  const output = execFileSync('unshare', ['-m', '--propagation', 'private', ...inside], {
    encoding: 'utf8',
    // A sanitizer is for node alone.
    env: { ...process.env, LD_PRELOAD: '', NODE_PRELOAD: process.env['LD_PRELOAD'] ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const seen: Record<string, unknown> = JSON.parse(output);
  assert.deepEqual(seen, {
    'valid Passw0rd!': ['accepted', 'PAM_SUCCESS', '', 0],
    'locked Passw0rd!': ['refused', 'PAM_AUTH_ERR', '', 0],
    'expired Passw0rd!': ['refused', 'PAM_ACCT_EXPIRED', 'account expired', 1],
    'newpassword Passw0rd!': ['refused', 'PAM_NEW_AUTHTOK_REQD', 'password expired', 1],
    'inactive Passw0rd!': ['refused', 'PAM_AUTHTOK_EXPIRED', 'password expired', 1],
    'warned Passw0rd!': ['accepted', 'PAM_SUCCESS', '', 1],
    'empty Passw0rd!': ['refused', 'PAM_AUTH_ERR', '', 0],
    'valid wrong': ['refused', 'PAM_AUTH_ERR', '', 0],
    'expired wrong': ['refused', 'PAM_AUTH_ERR', '', 0],
    'nosuchuser wrong': ['refused', 'PAM_USER_UNKNOWN', '', 0],
    valid: ['allowed', ''],
    // usermod -L takes the password away, which the account phase does not look at: docs/tokens.md says so.
    locked: ['allowed', ''],
    expired: ['refused', 'account expired'],
    newpassword: ['refused', 'password expired'],
    inactive: ['refused', 'password expired'],
    warned: ['allowed', ''],
  });
});
