/** The daemon while the directory behind nsswitch.conf hangs, fails and forgets: yes, no and could-not-check are not confused. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createDirectory } from '../harness/nss-directory.js';
import { auditLines, type Daemon, type Scene, setScene, startDaemon, until } from './daemon-harness.js';

/** An order in which glibc makes "no such user" of a directory that fails. */
const SERVICES = 'files directory silent';
const FLAGS = ['-identity-cache-ttl', '0s', '-identity-timeout', '1s'];
const COULD_NOT_CHECK = /^the token could not be checked \(ERR_NSS_(FAILED|TIMEOUT)\)$/;

/** dora and finn are of the directory, daemon is an account of this machine. */
async function setDirectoryScene(t: TestContext, services = SERVICES) {
  const directory = createDirectory(t, [`passwd: ${services}`, `group: ${services}`]);
  const passwords = { dora: 'secret', finn: 'secret', daemon: 'secret' };
  const wrapped = await setScene(t, { passwords });
  const scene: Scene = { ...wrapped, env: { PATH: process.env['PATH'], ...directory.env } };
  return { directory, scene };
}

/** Again until it is there: on a busy machine a lookup can take longer than the short time-out of these tests. */
async function tokenOf(daemon: Daemon, user: string): Promise<string> {
  let token = '';
  await until(async () => {
    const { status, body } = await daemon.login(user, 'secret');
    token = body.trim();
    return status === 200;
  });
  return token;
}

async function groupsSeen(daemon: Daemon, token: string): Promise<readonly string[] | undefined> {
  const { status } = (await daemon.review(token)).review;
  return status.authenticated ? (status.user?.groups.toSorted() ?? []) : undefined;
}

/** Until a review of the token sees these groups. */
async function untilSeen(daemon: Daemon, token: string, groups: readonly string[]): Promise<void> {
  await until(async () => (await groupsSeen(daemon, token))?.join() === groups.join());
}

async function assertCouldNotCheck(daemon: Daemon, token: string): Promise<void> {
  const { status, review } = await daemon.review(token);
  assert.equal(status, 500);
  assert.equal(review.status.authenticated, false);
  assert.match(review.status.error ?? '', COULD_NOT_CHECK);
}

/** dora and daemon were seen by a review, finn was not. */
async function setKnown(t: TestContext, flags: readonly string[] = [], services = SERVICES) {
  const { directory, scene } = await setDirectoryScene(t, services);
  const daemon = await startDaemon(t, scene, [...FLAGS, ...flags]);
  const [dora, finn, local] = await Promise.all(['dora', 'finn', 'daemon'].map((user) => tokenOf(daemon, user)));
  assert.ok(dora !== undefined && finn !== undefined && local !== undefined);
  await untilSeen(daemon, dora, ['ops', 'staff']);
  await untilSeen(daemon, local, ['daemon', 'ops']);
  return { directory, scene, daemon, dora, finn, local };
}

describe('while the directory', () => {
  for (const [state, services] of [
    ['hangs', SERVICES],
    // glibc goes on to the files, but not in the list of groups.
    ['fails', 'directory files silent'],
  ] as const) {
    it(`${state}, who was seen is served, others could not be checked, local accounts and the heartbeat go on`, async (t) => {
      const { directory, daemon, dora, finn, local } = await setKnown(t, [], services);
      const before = directory.asked().length;
      directory.is(state);
      await Promise.all([
        groupsSeen(daemon, dora).then((groups) => assert.deepEqual(groups, ['ops', 'staff'])),
        groupsSeen(daemon, local).then((groups) => assert.deepEqual(groups, ['daemon', 'ops'])),
        assertCouldNotCheck(daemon, finn),
        tokenOf(daemon, 'daemon'),
        daemon.ask('/heartbeat').then(({ status }) => assert.equal(status, 200)),
      ]);
      for (let count = 0; count < 5; count += 1) await assertCouldNotCheck(daemon, finn);
      const asked = directory.asked().slice(before);
      // One hangs; another may be a late one of the login.
      if (state === 'hangs') assert.ok(asked.filter((name) => name === 'finn').length <= 2, asked.join());

      directory.is('well');
      await untilSeen(daemon, finn, ['staff']);
      await untilSeen(daemon, dora, ['ops', 'staff']);
    });
  }

  it('hangs, the daemon starts, serves local accounts by their files, and stops', async (t) => {
    const { directory, scene } = await setDirectoryScene(t);
    directory.is('hangs');
    const daemon = await startDaemon(t, scene, FLAGS);
    const token = await tokenOf(daemon, 'daemon');
    assert.deepEqual(await groupsSeen(daemon, token), ['daemon']);
    assert.equal((await daemon.stop()).code, 0);
  });

  it('hangs, a login of one of its users is 503 after identity-timeout, or when pam-timeout ends the worker', async (t) => {
    const { directory, scene } = await setDirectoryScene(t);
    const patient = ['-identity-cache-ttl', '0s', '-identity-timeout', '14s', '-pam-timeout', '1s'];
    const daemons = await Promise.all([FLAGS, patient].map((flags) => startDaemon(t, scene, flags)));
    for (const daemon of daemons) await tokenOf(daemon, 'dora');
    directory.is('hangs');
    for (const daemon of daemons) assert.equal((await daemon.login('dora', 'secret')).status, 503);
    const errors = auditLines(scene).map(({ error }) => error);
    assert.ok(errors.includes('ERR_NSS_TIMEOUT') && errors.includes('ERR_LOGIN_OVERRUN'), errors.join());
    directory.is('well');
    for (const daemon of daemons) await tokenOf(daemon, 'dora');
  });

  it('fails, and nobody may be served from memory, nobody is refused: not even for want of a group', async (t) => {
    const { directory, daemon, dora, local } = await setKnown(t, [
      '-allow-groups',
      'ops,staff',
      '-identity-stale-for',
      '0s',
    ]);
    directory.is('fails');
    assert.equal((await daemon.login('daemon', 'secret')).status, 503);
    await assertCouldNotCheck(daemon, local);
    await assertCouldNotCheck(daemon, dora);
  });

  it('answers for users and not for their groups, none are left out', async (t) => {
    const { directory, daemon, dora, finn } = await setKnown(t);
    directory.is('loses groups');
    assert.deepEqual(await groupsSeen(daemon, dora), ['ops', 'staff']);
    await assertCouldNotCheck(daemon, finn);
  });

  it('forgets somebody seen a moment ago, that is asked again, a no, and audited', async (t) => {
    const { directory, scene, daemon, dora, finn } = await setKnown(t);
    directory.is('empty');
    await until(
      async () => (await daemon.review(dora)).status === 200 && (await groupsSeen(daemon, dora)) === undefined,
    );
    await until(
      async () => (await daemon.review(finn)).status === 200 && (await groupsSeen(daemon, finn)) === undefined,
    );
    directory.is('well');
    await untilSeen(daemon, dora, ['ops', 'staff']);
    await daemon.stop();
    const vanished = auditLines(scene).filter(({ event }) => event === 'identity.vanished');
    assert.deepEqual(
      vanished.filter(({ again }) => again === 'not found').map(({ user, process, count }) => [user, process, count]),
      [['dora', 'front', 1]],
    );
  });
});
