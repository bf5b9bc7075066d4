import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  ALICE,
  type Answer,
  auditLines,
  childrenOf,
  type Daemon,
  isAlive,
  type Scene,
  setScene,
  startDaemon,
  until,
} from './daemon-harness.js';

const BOB = 'bob:x:20003:20001::/:/bin/sh';

/** Logins take a second, in a worker that has a child meanwhile. */
async function startSlow(t: TestContext, flags: readonly string[] = []) {
  const scene = await setScene(t);
  scene.service(['auth required MATRIX', 'account required MATRIX', 'account optional pam_exec.so quiet /bin/sleep 1']);
  const daemon = await startDaemon(t, scene, flags);
  return { scene, daemon };
}

async function busyWorker(daemon: Daemon): Promise<number> {
  const busy = () => daemon.children('worker').find((pid) => childrenOf(pid).length > 0);
  await until(() => busy() !== undefined);
  return busy() ?? 0;
}

/** Lines of the audit log about logins, by the id of their request. */
function loginLines(scene: Scene): Map<unknown, unknown[]> {
  const lines = new Map<unknown, unknown[]>();
  for (const { event, requestId } of auditLines(scene)) {
    if (requestId !== undefined) lines.set(requestId, [...(lines.get(requestId) ?? []), event]);
  }
  return lines;
}

/** A process that was stopped and taken for dead does not wake up again. */
function assertGone(pid: number): void {
  assert.equal(isAlive(pid), false);
  assert.throws(() => process.kill(pid, 'SIGCONT'), { code: 'ESRCH' });
}

describe('a process stopped by a signal', { concurrency: true }, () => {
  it('in the middle of a login costs it after pam-timeout, is replaced, and answers no more', async (t) => {
    const { scene, daemon } = await startSlow(t, ['-pam-timeout', '3s']);
    const login = daemon.login('alice', 'secret');
    const worker = await busyWorker(daemon);
    process.kill(worker, 'SIGSTOP');
    assert.equal((await login).status, 503);
    await until(() => !daemon.children('worker').includes(worker));
    assertGone(worker);
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
    assertGone(worker);
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
  });

  it('as the front is replaced, and the login it had asked for is answered to nobody', async (t) => {
    const { scene, daemon } = await startSlow(t);
    const login = daemon.login('alice', 'secret').then(
      ({ status }) => status,
      (fault: NodeJS.ErrnoException) => fault.code,
    );
    await busyWorker(daemon);
    const [front = 0] = daemon.children('front');
    process.kill(front, 'SIGSTOP');
    await daemon.logged('the front accepts connections again');
    assert.equal(await login, 'ECONNRESET');
    assertGone(front);
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
    assert.ok([...seen.wrong].every((status) => [401, 503, 'cut off'].includes(status as number)));
    await until(async () => (await outcome(daemon.login('alice', 'secret'))) === 200);
    await daemon.stop();
    const lines = loginLines(scene);
    assert.ok([...lines.values()].every((events) => events.length === 1));
    assert.ok(lines.size >= 6);
  });
});
