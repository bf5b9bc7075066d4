/** The account phase alone, on real libpam: its answers, what never becomes one, and what modules make of it. */
import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadNative } from '#src/native/binding.js';
import { createPam } from '#src/pam/libpam.js';
import type { AccountAnswer } from '#src/pam/pam.js';
import { Secret } from '#src/secret.js';
import { writeServices } from '../harness/pam-service.js';
import { scratchDirectory } from '../harness/scratch.js';

const native = loadNative();
const directory = scratchDirectory({ after });

function pamOn(stack: string) {
  return createPam({ native, service: 'login', configDir: writeServices(directory, { login: stack }), tty: 'pamhook' });
}

function check(stack: string): AccountAnswer {
  // An account that every machine has.
  return pamOn(stack).checkAccount('nobody');
}

const outcome = (stack: string) => check(stack).outcome;

test('an account is allowed by the account phase, whatever the authentication would say', () => {
  assert.deepEqual(check('auth required pam_deny.so\naccount required pam_permit.so\n'), { outcome: 'allowed' });
});

for (const [code, reason] of [
  ['acct_expired', 'account expired'],
  ['new_authtok_reqd', 'password expired'],
  ['perm_denied', 'access denied'],
  ['user_unknown', 'access denied'],
] as const) {
  test(`PAM_${code.toUpperCase()} is refused: ${reason}`, () => {
    assert.deepEqual(check(`account required pam_debug.so acct=${code}\n`), {
      outcome: 'refused',
      reason,
      detail: { code: `PAM_${code.toUpperCase()}`, stage: 'account', failDelay: 0 },
    });
  });
}

for (const code of ['service_err', 'system_err', 'authinfo_unavail', 'try_again', 'conv_err']) {
  test(`PAM_${code.toUpperCase()} is no refusal`, () => {
    assert.throws(() => check(`account required pam_debug.so acct=${code}\n`), { code: 'ERR_PAM_UNAVAILABLE' });
  });
}

test('a denial while the transaction is set up is no refusal', () => {
  const result = { code: 'PAM_PERM_DENIED', messages: [], answered: [], unanswered: [], failDelay: 0, user: undefined };
  for (const stage of ['start', 'items', 'user'] as const) {
    const broken = { pamTransaction: () => ({ ...result, stage }) };
    const pam = createPam({ native: broken, service: 'x', configDir: undefined, tty: 'x' });
    assert.throws(() => pam.checkAccount('nobody'), { code: 'ERR_PAM_UNAVAILABLE' });
  }
});

test('a name that C would cut is refused before libpam', () => {
  const unasked = { pamTransaction: () => assert.fail('libpam was asked') };
  const pam = createPam({ native: unasked, service: 'login', configDir: undefined, tty: 'pamhook' });
  for (const name of ['', 'a\0', 'x'.repeat(512), '\uD800']) assert.equal(pam.checkAccount(name).outcome, 'refused');
});

test('pam_access sees a local login on the tty pamhook', () => {
  const rules = join(directory, 'access.conf');
  const by = (lines: string) => {
    writeFileSync(rules, `${lines}\n`);
    return outcome(`account required pam_access.so nodefgroup accessfile=${rules}\n`);
  };
  assert.equal(by('+:nobody:LOCAL\n-:ALL:ALL'), 'allowed');
  assert.equal(by('+:nobody:pamhook\n-:ALL:ALL'), 'allowed');
  assert.equal(by('+:nobody:192.0.2.0/24 127.0.0.0/8\n-:ALL:ALL'), 'refused');
  assert.equal(by('-:nobody:ALL'), 'refused');
});

test('pam_faillock takes it for a login that succeeded and forgets its failures: docs/tokens.md says so', () => {
  const tally = join(directory, 'tally');
  mkdirSync(tally);
  const faillock = `pam_faillock.so dir=${tally} deny=10`;
  const auth = `auth required ${faillock} preauth\nauth [default=die] ${faillock} authfail\n`;
  const pam = pamOn(`${auth}account required ${faillock}\n`);
  pam.ask({ username: 'nobody', responses: [Secret.fromString('wrong')], remoteHost: '192.0.2.7' });
  const size = () => statSync(join(tally, 'nobody')).size;
  assert.notEqual(size(), 0);
  const bare = pamOn(`${auth}account required pam_permit.so\n`);
  assert.equal(bare.checkAccount('nobody').outcome, 'allowed');
  assert.notEqual(size(), 0, 'without pam_faillock in the account phase nothing is forgotten');
  pamOn(`${auth}account required ${faillock}\n`).checkAccount('nobody');
  assert.equal(size(), 0);
});
