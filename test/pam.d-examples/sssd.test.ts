/** The example for SSSD, with a real directory behind it: slapd, well, killed and stopped. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { auditLines, type Daemon, startDaemon, until } from '../daemon/daemon-harness.js';
import { enterThrowAwayRoot, outside } from '../harness/throw-away-root.js';
import {
  fillDirectory,
  installPackages,
  signalSlapd,
  signalSssd,
  startDirectory,
  startSlapd,
  startSssd,
  stopDirectory,
} from './directory.js';
import { addUser, brief, install, lastEvent, PASSWORD, setMachine, sh, visible } from './machine.js';

enterThrowAwayRoot(import.meta.url);

const SERVICE = '/etc/pam.d/pamhook';
const TOKEN = [200, 'token'];
const REFUSED = [401, 'Authentication failure'];
const YESTERDAY = Math.floor(Date.now() / 86_400_000) - 1;

/** Answers of SSSD that end soon: it shall ask the directory, and NSS shall ask SSSD. */
const SHORT_MEMORY = {
  domain: ['entry_cache_timeout = 1', 'ldap_search_timeout = 3', 'ldap_opt_timeout = 3', 'offline_timeout = 1'],
  nss: ['memcache_timeout = 1', 'entry_negative_timeout = 1'],
};
/** systemd last, as authselect writes it: of an SSSD that is down glibc says what that service says, which knows nobody. */
function setOrder(services: string): void {
  const lines = [`passwd: ${services}`, `group: ${services}`, 'shadow: files', 'hosts: files'];
  writeFileSync('/etc/nsswitch.conf', lines.map((line) => `${line}\n`).join(''));
}

/** The user's groups for a yes, else the answer in a word. */
async function seen(daemon: Daemon, token: string): Promise<string> {
  const { status, review } = await daemon.review(token);
  if (review.status.authenticated) return review.status.user?.groups.toSorted().join() ?? '';
  return status === 200 ? 'no' : 'could not check';
}

async function tokenOf(daemon: Daemon, user: string): Promise<string> {
  const answer = await daemon.login(user, PASSWORD);
  assert.deepEqual(brief(answer), TOKEN, user);
  return answer.body.trim();
}

/** Whether the system itself has lost her: what SSSD keeps in memory serves for a while without it. */
const isLost = (name: string) => sh(`timeout 1 getent passwd ${name} || true`) === '';

describe('the example sssd', () => {
  before(() => {
    if (outside) return;
    installPackages();
    addUser('local');
    install('sssd', SERVICE);
  });

  it('lets in local accounts and those of the directory, each by its own rules', {
    skip: outside,
    timeout: 120_000,
  }, async (t) => {
    const scene = await setMachine(t);
    const people = [
      { name: 'dora', uid: 30001 },
      { name: 'edna', uid: 30002, expires: YESTERDAY },
    ];
    startDirectory(join(scene.dir, 'tls'), people, 'staff-of-dora', 30000);
    await until(() => sh('getent passwd dora || true') !== '');
    const daemon = await startDaemon(t, scene);

    const dora = await daemon.login('dora', PASSWORD);
    assert.deepEqual(brief(dora), TOKEN);
    const { user } = (await daemon.review(dora.body.trim())).review.status;
    assert.deepEqual([user?.username, user?.uid, user?.groups], ['dora', '30001', ['staff-of-dora']]);
    assert.deepEqual(brief(await daemon.login('local', PASSWORD)), TOKEN);

    const refusals = await Promise.all(['dora', 'edna', 'local', 'unknown'].map((name) => daemon.login(name, 'wrong')));
    for (const refusal of refusals) assert.deepEqual(visible(refusal), visible(refusals[0] ?? dora));
    assert.deepEqual(
      refusals.map(brief),
      refusals.map(() => REFUSED),
    );
    assert.deepEqual(brief(await daemon.login('edna', PASSWORD)), [401, 'Authentication failure: account expired']);
    assert.deepEqual(lastEvent(scene, 'stage', 'code'), ['account', 'PAM_ACCT_EXPIRED']);

    stopDirectory();
    assert.deepEqual(brief(await daemon.login('local', PASSWORD)), TOKEN, 'local accounts do without the directory');
    signalSssd('KILL');
  });

  it('makes no refusal of an SSSD or a directory that is killed or stopped', {
    skip: outside,
    timeout: 240_000,
  }, async (t) => {
    const scene = await setMachine(t);
    const people = ['dora', 'edna', 'finn'].map((name, index) => ({ name, uid: 30001 + index, teams: ['ops'] }));
    startDirectory(join(scene.dir, 'tls'), people, 'staff', 30000, SHORT_MEMORY);
    setOrder('files sss systemd');
    await until(() => !isLost('dora'));
    const daemon = await startDaemon(t, scene, ['-identity-cache-ttl', '0s', '-identity-timeout', '1s']);
    const [dora, edna, finn] = [
      await tokenOf(daemon, 'dora'),
      await tokenOf(daemon, 'edna'),
      await tokenOf(daemon, 'finn'),
    ];
    const isFresh = (token: string) => until(async () => (await seen(daemon, token)) === 'ops,staff');
    const othersGoOn = async () => {
      assert.equal((await daemon.ask('/heartbeat')).status, 200);
      assert.equal(await seen(daemon, await tokenOf(daemon, 'local')), 'local');
    };
    await isFresh(dora);

    // SSSD answers from its own cache as soon as it has seen that the directory does not.
    for (const signal of ['STOP', 'KILL']) {
      signalSlapd(signal);
      await until(async () => {
        assert.equal(await seen(daemon, dora), 'ops,staff', `slapd: ${signal}`);
        assert.notEqual(await seen(daemon, finn), 'no', `slapd: ${signal}`);
        return daemon.stderr().includes('the user database fails');
      });
      await othersGoOn();
    }
    startSlapd();
    await isFresh(finn);

    for (const [what, process, services] of [
      ['KILL', 'all', 'sss files systemd'],
      ['STOP', 'sssd_nss', 'files sss systemd'],
    ] as const) {
      setOrder(services);
      signalSssd(what, process);
      await until(() => isLost('dora'));
      for (let count = 0; count < 3; count += 1) {
        assert.equal(await seen(daemon, dora), 'ops,staff', `SSSD: ${what}`);
        assert.equal(await seen(daemon, edna), 'could not check', `SSSD: ${what}`);
      }
      await othersGoOn();
      if (what === 'KILL') startSssd();
      else signalSssd('CONT', process);
      await isFresh(finn);
    }
    await isFresh(edna);

    signalSlapd('TERM');
    fillDirectory(people.slice(1), 'staff', 30000);
    startSlapd();
    await until(async () => (await seen(daemon, dora)) === 'no');
    await isFresh(finn);
    await daemon.stop();
    const vanished = auditLines(scene).filter(({ event }) => event === 'identity.vanished');
    assert.ok(vanished.some(({ user, again }) => user === 'dora' && again === 'not found'));
  });
});
