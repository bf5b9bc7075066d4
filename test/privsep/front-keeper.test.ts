import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { PamhookError } from '#src/errors.js';
import type { AuditEvent } from '#src/log/audit-event.js';
import { createFrontKeeper, type FrontCountsTaker } from '#src/privsep/front-keeper.js';
import type { FromFront, FrontConfiguration, ToFront } from '#src/privsep/protocol.js';
import type { Job } from '#src/privsep/worker-pool.js';
import { unlimited } from '#src/token/login-limits.js';

const silent = { error() {}, warn() {}, info() {}, verbose() {} };

class FakeFront {
  readonly received: ToFront[] = [];
  killed = 0;
  readonly events: { onFrame(frame: FromFront): void; onAlive(): void; onExit(how: string): void };
  constructor(events: FakeFront['events']) {
    this.events = events;
  }
  login(id: number): void {
    this.events.onFrame({ kind: 'login', id, requestId: 'r', username: 'alice', responses: [], source: '::1' });
  }
  checkAccount(id: number): void {
    this.events.onFrame({ kind: 'check-account', id, username: 'alice' });
  }
}

function setUp(
  t: TestContext,
  configuration: Partial<FrontConfiguration> = { accountCheckTtl: 30_000 },
  counts?: FrontCountsTaker,
) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const fronts: FakeFront[] = [];
  const jobs: Job[] = [];
  const cancelled: Job[] = [];
  const events: AuditEvent[] = [];
  const clock = { now: 0 };
  const keeper = createFrontKeeper({
    startFront(events) {
      const front = new FakeFront(events);
      fronts.push(front);
      return {
        pid: 1,
        send: (frame) => front.received.push(frame),
        alive: () => front.killed === 0,
        expectAnswers() {},
        dismiss() {},
        kill: () => {
          front.killed += 1;
        },
      };
    },
    configuration: { kind: 'configure', ...configuration } as FrontConfiguration,
    pool: {
      submit: (job) => jobs.push(job),
      cancel: (job) => cancelled.push(job),
      answering: () => true,
      load: () => ({
        workers: { starting: 0, idle: 0, busy: 0, leaving: 0 },
        waiting: { issue: 0, vouch: 0, 'check-account': 0 },
      }),
      warm() {},
      changeSigningKey() {},
      stop: async () => {},
    },
    limits: unlimited,
    throttled: { count() {} },
    limit: 2,
    audit: (event) => events.push(event),
    log: silent,
    refusalDelay: 3000,
    ...(counts === undefined ? {} : { counts }),
    now: () => clock.now,
  });
  return { clock, keeper, jobs, cancelled, events, fronts, front: (index: number) => fronts[index] as FakeFront };
}

describe('the front keeper', () => {
  it('has started when the front is ready', async (t) => {
    const { keeper, front } = setUp(t);
    const started = keeper.start();
    front(0).events.onFrame({ kind: 'ready' });
    await started;
    assert.deepEqual(front(0).received, [{ kind: 'configure', accountCheckTtl: 30_000 }]);
  });

  it('tells for how long no front that serves has given a sign of life', async (t) => {
    const { clock, keeper, front } = setUp(t);
    const started = keeper.start();
    clock.now = 1_000;
    front(0).events.onAlive();
    assert.equal(keeper.silence(), 1_000);
    front(0).events.onFrame({ kind: 'ready' });
    await started;
    assert.equal(keeper.silence(), 0);
    clock.now = 3_000;
    assert.equal(keeper.silence(), 2_000);
    front(0).events.onAlive();
    assert.equal(keeper.silence(), 0);
    front(0).events.onExit('SIGKILL');
    clock.now = 4_000;
    assert.equal(keeper.silence(), 1_000);
  });

  it('reports a front that ends before it was ready, and does not try again', async (t) => {
    const { keeper, fronts, front } = setUp(t);
    const started = keeper.start();
    front(0).events.onExit('exit code 1');
    await assert.rejects(started, { code: 'ERR_PRIVILEGE' });
    t.mock.timers.tick(10_000);
    assert.equal(fronts.length, 1);
  });

  it('replaces a front that dies, and gives the new one none of the old results', (t) => {
    const { keeper, jobs, cancelled, fronts, front } = setUp(t);
    void keeper.start();
    front(0).events.onFrame({ kind: 'ready' });
    front(0).login(1);
    front(0).events.onExit('SIGKILL');
    assert.deepEqual(cancelled, jobs, 'nobody waits for it any more');
    t.mock.timers.tick(0);
    assert.equal(fronts.length, 2);
    front(1).events.onFrame({ kind: 'ready' });
    front(1).login(1);
    jobs[0]?.finish({ unavailable: 'ERR_LOGIN_OVERRUN', elapsed: 1 });
    assert.equal(front(1).received.length, 1, 'only its configuration');
    jobs[1]?.finish({ unavailable: 'ERR_LOGIN_WORKER_DIED', elapsed: 1 });
    assert.deepEqual(front(1).received.at(-1), {
      kind: 'login-result',
      id: 1,
      outcome: 'unavailable',
      code: 'ERR_LOGIN_WORKER_DIED',
    });
  });

  it('kills a front that sends one login twice, or more than it may', (t) => {
    for (const ids of [
      [1, 1],
      [1, 2, 3],
    ]) {
      const { keeper, front } = setUp(t);
      void keeper.start();
      for (const id of ids) front(0).login(id);
      assert.equal(front(0).killed, 1);
      t.mock.timers.reset();
    }
  });

  it('takes account checks, and answers them', (t) => {
    const { keeper, jobs, front } = setUp(t);
    void keeper.start();
    front(0).checkAccount(1);
    jobs[0]?.finish({ result: { kind: 'account-checked', id: 9, outcome: 'refused' }, elapsed: 1 });
    assert.deepEqual(front(0).received.at(-1), { kind: 'account-result', id: 1, outcome: 'refused' });
    assert.equal(front(0).killed, 0);
  });

  it('kills a front that asks for an account check while there are none, before PAM is asked', (t) => {
    const { keeper, jobs, front } = setUp(t, {});
    void keeper.start();
    front(0).checkAccount(1);
    assert.equal(front(0).killed, 1);
    assert.equal(jobs.length, 0);
  });

  it('kills a front that sends one account check twice, or more than it may', (t) => {
    for (const ids of [
      [1, 1],
      [1, 2, 3],
    ]) {
      const { keeper, front } = setUp(t);
      void keeper.start();
      for (const id of ids) front(0).checkAccount(id);
      assert.equal(front(0).killed, 1);
      t.mock.timers.reset();
    }
  });

  it('gives a new front none of the answers to the account checks of the old', (t) => {
    const { keeper, jobs, cancelled, front } = setUp(t);
    void keeper.start();
    front(0).events.onFrame({ kind: 'ready' });
    front(0).checkAccount(1);
    front(0).events.onExit('SIGKILL');
    assert.deepEqual(cancelled, jobs);
    t.mock.timers.tick(0);
    jobs[0]?.finish({ result: { kind: 'account-checked', id: 9, outcome: 'allowed' }, elapsed: 1 });
    assert.equal(front(1).received.length, 1, 'only its configuration');
  });

  it('kills a front that names a user while no header is believed, before a worker is asked', (t) => {
    const vouch = { kind: 'vouch' as const, id: 1, requestId: 'r', username: 'root', groups: [], source: '::1' };
    const { keeper, front, jobs } = setUp(t);
    void keeper.start();
    front(0).events.onFrame(vouch);
    assert.equal(front(0).killed, 1);
    assert.deepEqual(jobs, []);
    t.mock.timers.reset();
    const believing = setUp(t, { headers: { user: 'x-user', delimiter: ';' } });
    void believing.keeper.start();
    believing.front(0).events.onFrame(vouch);
    assert.deepEqual([believing.front(0).killed, believing.jobs.length], [0, 1]);
  });

  it('gives each front the template that is in use, behind its configuration', (t) => {
    const frame = (text: string) => ({ kind: 'kubecfg-template' as const, piece: 1, of: 1, text });
    const { keeper, front } = setUp(t);
    void keeper.start();
    front(0).events.onFrame({ kind: 'ready' });
    keeper.changeTemplate([frame('a')]);
    assert.deepEqual(front(0).received.slice(1), [frame('a')]);
    front(0).events.onExit('SIGKILL');
    keeper.changeTemplate([frame('b')]);
    t.mock.timers.tick(0);
    assert.deepEqual([front(1).received[0]?.kind, ...front(1).received.slice(1)], ['configure', frame('b')]);
  });

  it('audits the headers that the front counted as what they are', (t) => {
    const { keeper, events, front } = setUp(t);
    void keeper.start();
    const entries = [{ answer: 'header' as const, reason: 'repeated', source: '::1', count: 3 }];
    front(0).events.onFrame({ kind: 'reviews', entries });
    assert.deepEqual(events, [{ event: 'header.refused', reason: 'repeated', source: '::1', count: 3 }]);
  });

  it('audits the reviews that the front counted', (t) => {
    const { keeper, events, front } = setUp(t);
    void keeper.start();
    const entries = [{ answer: 'refused' as const, reason: 'expired', source: '::1', count: 3 }];
    front(0).events.onFrame({ kind: 'reviews', entries });
    assert.deepEqual(events, [{ event: 'review.refused', reason: 'expired', source: '::1', count: 3 }]);
  });

  const counted = (count: number) => {
    const entry = { answer: 'refused' as const, reason: 'expired', source: '::1', count: 1 };
    return { kind: 'reviews' as const, entries: Array(count).fill(entry) };
  };

  it('audits all that a front can count, and kills one that sends more, or as many frames of none', (t) => {
    for (const count of [256, 0]) {
      const { clock, keeper, events, front } = setUp(t);
      void keeper.start();
      const { onFrame } = front(0).events;
      for (let seconds = 0; seconds < 1000; seconds += 10) {
        clock.now = seconds * 1000;
        for (let frame = 0; frame < 10; frame += 1) onFrame(counted(count));
      }
      assert.equal(front(0).killed, 0);
      for (let frame = 0; frame < 26_000; frame += 1) if (front(0).killed === 0) onFrame(counted(count));
      assert.equal(front(0).killed, 1);
      assert.ok(events.length <= 1100 * 256);
      t.mock.timers.reset();
    }
  });

  it('counts what the front before sent, too', (t) => {
    const { clock, keeper, fronts, front } = setUp(t);
    void keeper.start();
    front(0).events.onFrame({ kind: 'ready' });
    for (let frame = 0; frame < 101; frame += 1) front(0).events.onFrame(counted(256));
    assert.equal(front(0).killed, 1);
    front(0).events.onExit('SIGKILL');
    t.mock.timers.tick(0);
    assert.equal(fronts.length, 2);
    clock.now = 10_000;
    for (let frame = 0; frame < 9; frame += 1) front(1).events.onFrame(counted(256));
    assert.equal(front(1).killed, 0, 'what an honest one counts in ten seconds');
    front(1).events.onFrame(counted(256));
    assert.equal(front(1).killed, 1);
  });

  for (const [name, frame] of Object.entries<FromFront>({
    'that it is ready, twice': { kind: 'ready' },
    'that keys are in use which it was not sent': { kind: 'verification-keys-in-use', version: 1 },
    'a cancellation of what it never asked for': { kind: 'cancel-login', id: 1 },
  })) {
    it(`kills a front that says ${name}`, (t) => {
      const { keeper, front } = setUp(t);
      void keeper.start();
      front(0).events.onFrame({ kind: 'ready' });
      front(0).events.onFrame(frame);
      assert.equal(front(0).killed, 1);
    });
  }

  it('takes it once that keys are in use', async (t) => {
    const { keeper, front } = setUp(t);
    void keeper.start();
    front(0).events.onFrame({ kind: 'ready' });
    const changed = keeper.changeVerificationKeys([]);
    front(0).events.onFrame({ kind: 'verification-keys-in-use', version: 1 });
    await changed;
    assert.equal(front(0).killed, 0);
    front(0).events.onFrame({ kind: 'verification-keys-in-use', version: 1 });
    assert.equal(front(0).killed, 1);
  });

  it('audits the users who vanished', (t) => {
    const { keeper, events, front } = setUp(t);
    void keeper.start();
    front(0).events.onFrame({ kind: 'vanished', entries: [{ user: 'dora', again: 'not found', count: 1 }] });
    assert.deepEqual(events, [{ event: 'identity.vanished', user: 'dora', again: 'not found', count: 1 }]);
  });

  it('takes as many vanished users as a front can count, and kills one that sends more', (t) => {
    const { clock, keeper, events, front } = setUp(t);
    void keeper.start();
    const entries = Array(32).fill({ user: 'dora', again: 'failed', count: 1 });
    const send = () => front(0).events.onFrame({ kind: 'vanished', entries });
    for (let seconds = 0; seconds < 1000; seconds += 10) {
      clock.now = seconds * 1000;
      for (let frame = 0; frame * 32 < 1027; frame += 1) send();
    }
    assert.equal(front(0).killed, 0);
    for (let frame = 0; frame < 1000; frame += 1) if (front(0).killed === 0) send();
    assert.equal(front(0).killed, 1);
    assert.ok(events.length <= 1100 * 128);
  });

  it('kills a front that tells counts unasked, more often than it can have any, or such as cannot be', (t) => {
    const gone: boolean[] = [];
    const taker = (take: FrontCountsTaker['take']) => ({ take, gone: (died: boolean) => void gone.push(died) });
    const lie = () => {
      throw new PamhookError('ERR_PROTOCOL', 'a count that cannot be');
    };
    for (const [counts, most] of [
      [undefined, 0],
      [taker(lie), 0],
      // As many as may have come late, at two a second.
      [taker(() => {}), 200],
    ] as const) {
      const { keeper, front } = setUp(t, {}, counts);
      void keeper.start();
      front(0).events.onFrame({ kind: 'ready' });
      for (let told = 0; told < most; told += 1) front(0).events.onFrame({ kind: 'counts', row: [] });
      assert.equal(front(0).killed, 0);
      front(0).events.onFrame({ kind: 'counts', row: [] });
      assert.equal(front(0).killed, 1);
      front(0).events.onExit('SIGKILL');
      t.mock.timers.reset();
    }
    assert.deepEqual(gone, [true, true]);
  });

  it('lets the front drain, and starts no other', async (t) => {
    const { keeper, fronts, front } = setUp(t);
    void keeper.start();
    front(0).events.onFrame({ kind: 'ready' });
    const drained = keeper.drain();
    assert.deepEqual(front(0).received.at(-1), { kind: 'drain' });
    front(0).events.onExit('exit code 0');
    await drained;
    t.mock.timers.tick(10_000);
    assert.equal(fronts.length, 1);
  });

  it('has nothing to drain while the front is dead', async (t) => {
    const { keeper, fronts, front } = setUp(t);
    void keeper.start();
    front(0).events.onFrame({ kind: 'ready' });
    front(0).events.onExit('SIGKILL');
    await keeper.drain();
    t.mock.timers.tick(10_000);
    assert.equal(fronts.length, 1);
  });
});
