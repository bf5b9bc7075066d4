import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ALICE,
  type Answer,
  auditLines,
  childrenOf,
  type Daemon,
  MATRIX_SERVICE,
  type Scene,
  setScene,
  startDaemon,
  until,
} from './daemon-harness.js';

const BOB = 'bob:x:20003:20001::/:/bin/sh';

/** Begins a login that takes so many seconds; the next one will not. */
async function beginSlowLogin(daemon: Daemon, scene: Scene, seconds: number) {
  scene.service([...MATRIX_SERVICE, `account optional pam_exec.so quiet /bin/sleep ${seconds}`]);
  const login = daemon.login('alice', 'secret').then(
    ({ status }) => status,
    (fault: NodeJS.ErrnoException) => fault.code,
  );
  // A worker that is in the middle of it has a child.
  const busy = () => daemon.children('worker').find((pid) => childrenOf(pid).length > 0);
  await until(() => busy() !== undefined);
  scene.service(MATRIX_SERVICE);
  return { login, worker: busy() ?? 0 };
}

/** Lines of the audit log about logins, by the id of their request. */
function loginLines(scene: Scene): Map<unknown, unknown[]> {
  const lines = new Map<unknown, unknown[]>();
  for (const { event, requestId } of auditLines(scene)) {
    if (requestId !== undefined) lines.set(requestId, [...(lines.get(requestId) ?? []), event]);
  }
  return lines;
}

/** A process that was stopped and taken for dead ends, also when it is told to go on. */
async function assertGone(pid: number): Promise<void> {
  await until(() => {
    try {
      return !process.kill(pid, 'SIGCONT');
    } catch (fault) {
      return (fault as NodeJS.ErrnoException).code === 'ESRCH';
    }
  });
}

describe('a process stopped by a signal', { concurrency: true }, () => {
  it('in the middle of a login costs it after pam-timeout, is replaced, and answers no more', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, ['-pam-timeout', '3s']);
    const { login, worker } = await beginSlowLogin(daemon, scene, 600);
    process.kill(worker, 'SIGSTOP');
    assert.equal(await login, 503);
    await assertGone(worker);
    await until(async () => (await daemon.login('alice', 'secret')).status === 200);
    const events = [...loginLines(scene).values()];
    assert.deepEqual(events[0], ['token.unavailable']);
    assert.ok(events.every((each) => each.length === 1));
  });

  it('while it is idle is replaced before a login meets it', async (t) => {
    const daemon = await startDaemon(t, await setScene(t));
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
    const [worker = 0] = daemon.children('worker');
    process.kill(worker, 'SIGSTOP');
    await daemon.logged('a process answers no longer and is killed');
    await until(() => daemon.children('worker').some((pid) => pid !== worker));
    await assertGone(worker);
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
  });

  it('as the front is replaced, and the login it had asked for is answered to nobody', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene);
    const { login } = await beginSlowLogin(daemon, scene, 5);
    const [front = 0] = daemon.children('front');
    process.kill(front, 'SIGSTOP');
    await daemon.logged('the front accepts connections again');
    assert.equal(await login, 'ECONNRESET');
    await assertGone(front);
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
    assert.deepEqual([...loginLines(scene).values()], [['token.issued'], ['token.issued']]);
  });
});

describe('workers and fronts that are killed while people log in', () => {
  it('never turn a wrong password into a token, a right one into a refusal, or one login into two', async (t) => {
    const scene = await setScene(t, { passwords: { alice: 'secret', bob: 'secret' }, passwd: [ALICE, BOB] });
    const daemon = await startDaemon(t, scene);
    const outcome = (asked: Promise<Answer>) =>
      asked.then(
        ({ status }) => status,
        () => 'cut off',
      );
    const seen = { right: new Set<unknown>(), wrong: new Set<unknown>() };
    for (let round = 0; round < 6; round += 1) {
      const right = outcome(daemon.login('alice', 'secret'));
      const wrong = outcome(daemon.login('bob', 'wrong'));
      const victims = daemon.children(round === 3 ? 'front' : 'worker');
      for (const pid of victims) process.kill(pid, 'SIGKILL');
      seen.right.add(await right);
      seen.wrong.add(await wrong);
    }
    assert.ok([...seen.right].every((status) => [200, 503, 'cut off'].includes(status as number)));
    assert.ok([...seen.wrong].every((status) => [401, 429, 503, 'cut off'].includes(status as number)));
    await until(async () => (await outcome(daemon.login('alice', 'secret'))) === 200);
    await daemon.stop();
    const lines = loginLines(scene);
    assert.ok([...lines.values()].every((events) => events.length === 1));
    assert.ok(lines.size >= 6);
  });
});
