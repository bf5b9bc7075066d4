import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Logger } from '#src/log/logger.js';
import type { FromWorker, ToWorker, WorkerConfiguration } from '#src/privsep/protocol.js';
import { createWorkerPool, type Job, type JobResult, type PoolOptions } from '#src/privsep/worker-pool.js';

const silent: Logger = { error() {}, warn() {}, info() {}, verbose() {} };
const detail = { code: 'PAM_AUTH_ERR', stage: 'authenticate', failDelay: 0 };

/** A worker that a test plays: it records what it gets, and says what the test lets it say. */
class FakeWorker {
  readonly received: ToWorker[] = [];
  killed = 0;
  dismissed = 0;
  readonly events: { onFrame(frame: FromWorker): void; onExit(how: string): void };
  constructor(events: FakeWorker['events']) {
    this.events = events;
  }
  get lastId(): number {
    const frame = this.received.at(-1);
    return frame?.kind === 'issue' || frame?.kind === 'check-account' ? frame.id : 0;
  }
  ready(): void {
    this.events.onFrame({ kind: 'ready' });
  }
  refuse(id = this.lastId): void {
    this.events.onFrame({ kind: 'issue-result', id, outcome: 'refused', messages: [], detail });
  }
  /** Says yes to an account check. */
  allow(id = this.lastId): void {
    this.events.onFrame({ kind: 'account-checked', id, outcome: 'allowed' });
  }
  /** The verb it is busy with, or was last. */
  get verb(): string | undefined {
    return this.received.at(-1)?.kind;
  }
  exit(how = 'exit code 0'): void {
    this.events.onExit(how);
  }
}

function setUp(t: TestContext, options: Partial<PoolOptions> = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const workers: FakeWorker[] = [];
  let clock = 0;
  const pool = createWorkerPool({
    startWorker(events) {
      const worker = new FakeWorker(events);
      workers.push(worker);
      return {
        pid: 1000 + workers.length,
        send: (frame) => worker.received.push(frame),
        alive: () => worker.killed === 0,
        expectAnswers() {},
        dismiss: () => {
          worker.dismissed += 1;
        },
        kill: () => {
          worker.killed += 1;
        },
      };
    },
    configuration: { kind: 'configure' } as WorkerConfiguration,
    workers: 2,
    accountChecks: false,
    maxLogins: 1000,
    timeout: 30_000,
    queueLength: 3,
    log: silent,
    now: () => clock,
    ...options,
  });
  const pass = (milliseconds: number) => {
    clock += milliseconds;
    t.mock.timers.tick(milliseconds);
  };
  return { pool, workers, pass, worker: (index: number) => workers[index] as FakeWorker };
}

function login(turn?: string, source?: string): Job & { results: JobResult[] } {
  const results: JobResult[] = [];
  const request = { requestId: 'r', username: 'alice', responses: [], source: '127.0.0.1' };
  return {
    verb: 'issue',
    ...(turn === undefined ? {} : { turn }),
    ...(source === undefined ? {} : { source }),
    about: {},
    frame: (id) => ({ kind: 'issue', id, ...request }),
    results,
    finish: (result) => results.push(result),
  };
}

function accountCheck(): Job & { results: JobResult[] } {
  const results: JobResult[] = [];
  return {
    verb: 'check-account',
    about: {},
    frame: (id) => ({ kind: 'check-account', id, username: 'alice' }),
    results,
    finish: (result) => results.push(result),
  };
}

/** A pool all of whose workers are ready and free. */
function setUpReady(t: TestContext, workers: number, options: Partial<PoolOptions> = {}) {
  const made = setUp(t, { workers, accountChecks: true, queueLength: 100, maxLogins: 1000, ...options });
  for (let n = 0; n < workers; n += 1) {
    made.pool.submit(n === workers - 1 && workers > 1 ? accountCheck() : login());
    made.worker(n).ready();
  }
  for (const worker of made.workers) {
    if (worker.verb === 'issue') worker.refuse();
    else worker.allow();
  }
  assert.equal(made.workers.length, workers);
  return made;
}

describe('the worker pool', () => {
  it('lets a worker go that becomes ready only then', async (t) => {
    const { pool, worker } = setUp(t);
    pool.warm();
    const stopped = pool.stop();
    worker(0).ready();
    worker(0).exit();
    await stopped;
    assert.equal(worker(0).killed, 0);
    assert.equal(worker(0).dismissed, 1);
  });

  it('keeps one worker warm and starts more only while logins wait', (t) => {
    const { pool, workers, worker } = setUp(t);
    pool.warm();
    worker(0).ready();
    assert.equal(workers.length, 1);
    pool.submit(login());
    assert.equal(workers.length, 1);
    pool.submit(login());
    pool.submit(login());
    assert.equal(workers.length, 2, 'never more than pam-workers');
  });

  it('hands a login to a free worker and its result, with the time it took, to the caller once', (t) => {
    const { pool, worker, pass } = setUp(t);
    pool.warm();
    worker(0).ready();
    const job = login();
    pool.submit(job);
    pass(250);
    worker(0).refuse();
    assert.equal(job.results.length, 1);
    assert.equal(job.results[0]?.elapsed, 250);
  });

  it('does not count the time a login waited', (t) => {
    const { pool, worker, pass } = setUp(t, { workers: 1 });
    pool.warm();
    worker(0).ready();
    const [first, second] = [login(), login()];
    pool.submit(first);
    pool.submit(second);
    pass(1000);
    worker(0).refuse();
    pass(10);
    worker(0).refuse();
    assert.equal(second.results[0]?.elapsed, 10);
  });

  it('kills a worker that overruns, answers could-not-check, and starts another', (t) => {
    const { pool, workers, worker, pass } = setUp(t);
    pool.warm();
    worker(0).ready();
    const job = login();
    pool.submit(job);
    pass(30_000);
    assert.deepEqual(job.results, [{ unavailable: 'ERR_LOGIN_OVERRUN', elapsed: 30_000, worker: 1001 }]);
    assert.equal(worker(0).killed, 1);
    worker(0).exit('SIGKILL');
    pass(0);
    assert.equal(workers.length, 2);
  });

  it('gives nobody the result of a login that overran', (t) => {
    const { pool, worker, pass } = setUp(t);
    pool.warm();
    worker(0).ready();
    const jobs = [login(), login()];
    for (const job of jobs) pool.submit(job);
    const id = worker(0).lastId;
    pass(30_000);
    worker(0).refuse(id);
    assert.deepEqual(
      jobs.map(({ results }) => results.map((result) => 'unavailable' in result && result.unavailable)),
      [['ERR_LOGIN_OVERRUN'], ['ERR_LOGIN_UNAVAILABLE']],
    );
    assert.equal(worker(0).killed, 2);
  });

  it('answers could-not-check for the login of a worker that died', (t) => {
    const { pool, worker } = setUp(t);
    pool.warm();
    worker(0).ready();
    const job = login();
    pool.submit(job);
    worker(0).exit('SIGSEGV');
    assert.equal((job.results[0] as { unavailable: string }).unavailable, 'ERR_LOGIN_WORKER_DIED');
  });

  it('replaces the dead with back-off', (t) => {
    const { pool, workers, worker, pass } = setUp(t);
    pool.warm();
    for (const delay of [0, 100, 200, 400]) {
      const count = workers.length;
      worker(count - 1).exit('exit code 1');
      if (delay > 0) pass(delay - 1);
      assert.equal(workers.length, count, `not before ${delay} ms`);
      pass(1);
      assert.equal(workers.length, count + 1, `after ${delay} ms`);
    }
  });

  for (const [name, send] of Object.entries({
    'a result for a login it was not given': (worker: FakeWorker) => worker.refuse(999),
    'a result twice': (worker: FakeWorker) => {
      const id = worker.lastId;
      worker.refuse(id);
      worker.refuse(id);
    },
    'ready twice': (worker: FakeWorker) => worker.ready(),
  })) {
    it(`kills a worker that sends ${name}`, (t) => {
      const { pool, worker, pass } = setUp(t, { workers: 1 });
      pool.warm();
      worker(0).ready();
      pool.submit(login());
      send(worker(0));
      assert.equal(worker(0).killed, 1);
      const next = login();
      pool.submit(next);
      worker(0).exit('SIGKILL');
      pass(0);
      worker(1).ready();
      worker(1).refuse();
      assert.ok(next.results[0] !== undefined && 'result' in next.results[0], 'it is given no other');
    });
  }

  it('turns a login away when the queue is full', (t) => {
    const { pool } = setUp(t, { workers: 1, queueLength: 2 });
    const jobs = [login(), login(), login()];
    for (const job of jobs) pool.submit(job);
    assert.deepEqual(
      jobs.map(({ results }) => results.length),
      [0, 0, 1],
    );
    assert.deepEqual(jobs[2]?.results, [{ unavailable: 'ERR_LOGIN_QUEUE_FULL', elapsed: 0 }]);
  });

  it('lets no login wait longer than pam-timeout', (t) => {
    const { pool, pass } = setUp(t);
    const job = login();
    pool.submit(job);
    pass(29_999);
    assert.equal(job.results.length, 0);
    pass(1);
    assert.deepEqual(job.results, [{ unavailable: 'ERR_LOGIN_UNAVAILABLE', elapsed: 0 }]);
  });

  it('frees the place of a client that went away', (t) => {
    const { pool } = setUp(t, { workers: 1, queueLength: 1 });
    const gone = login();
    pool.submit(gone);
    pool.cancel(gone);
    const next = login();
    pool.submit(next);
    assert.deepEqual(gone.results, [{ unavailable: 'ERR_LOGIN_QUEUE_FULL', elapsed: 0 }]);
    assert.equal(next.results.length, 0);
  });

  it('retires a worker after its number of logins, and keeps one warm', (t) => {
    const { pool, workers, worker, pass } = setUp(t, { maxLogins: 2 });
    pool.warm();
    worker(0).ready();
    for (let count = 0; count < 2; count += 1) {
      pool.submit(login());
      worker(0).refuse();
    }
    assert.equal(worker(0).dismissed, 1);
    worker(0).exit();
    pass(1);
    assert.equal(workers.length, 2);
  });

  it('runs the logins of one turn one after the other, and starts no worker for those that wait', (t) => {
    const { pool, workers, worker } = setUp(t, { maxLogins: 2 });
    pool.warm();
    worker(0).ready();
    const jobs = [login('alice'), login('alice'), login('bob')];
    for (const job of jobs.slice(0, 2)) pool.submit(job);
    assert.equal(workers.length, 1);
    pool.submit(jobs[2] as Job);
    worker(1).ready();
    worker(1).refuse();
    assert.deepEqual(
      jobs.map(({ results }) => results.length),
      [0, 0, 1],
      'nor for an idle worker',
    );
    worker(0).refuse();
    assert.equal(worker(0).received.length + worker(1).received.length, 5, 'two configurations, three logins');
  });

  it('serves a source that comes anew next, and lets two sources have half of the workers each', (t) => {
    const { pool, workers, worker } = setUp(t, { workers: 4, queueLength: 100 });
    const flood = Array.from({ length: 50 }, (_, n) => login(`user-${n}`, 'flood'));
    for (const job of flood) pool.submit(job);
    for (let n = 0; n < 4; n += 1) worker(n).ready();
    const others = Array.from({ length: 50 }, (_, n) => login(`other-${n}`, 'other'));
    for (const job of others) pool.submit(job);
    const ended = (jobs: readonly { results: unknown[] }[]) => jobs.filter(({ results }) => results.length > 0).length;
    worker(0).refuse();
    worker(0).refuse();
    assert.deepEqual([ended(flood), ended(others)], [1, 1]);
    for (let n = 0; n < 10; n += 1) for (const each of workers) each.refuse();
    assert.deepEqual([ended(flood), ended(others)], [22, 20]);
  });

  it('hands the next login of a turn to an idle worker when the one that had the last retires', (t) => {
    const { pool, worker } = setUp(t, { maxLogins: 2 });
    for (const user of ['bob', 'carol']) pool.submit(login(user));
    worker(0).ready();
    worker(1).ready();
    worker(0).refuse();
    pool.submit(login('alice'));
    pool.submit(login('alice'));
    const last = worker(0).lastId;
    worker(1).refuse();
    assert.notEqual(worker(1).lastId, last + 1, 'it waits, though a worker is idle');
    worker(0).refuse();
    assert.equal(worker(0).dismissed, 1);
    assert.equal(worker(1).lastId, last + 1);
  });

  it('kills a retired worker that does not go', (t) => {
    const { pool, worker, pass } = setUp(t, { maxLogins: 1 });
    pool.warm();
    worker(0).ready();
    pool.submit(login());
    worker(0).refuse();
    pass(2_000);
    assert.equal(worker(0).killed, 1);
  });

  it('lets all but one idle worker go after a minute', (t) => {
    const { pool, worker, pass } = setUp(t);
    pool.submit(login());
    pool.submit(login());
    worker(0).ready();
    worker(1).ready();
    worker(0).refuse();
    worker(1).refuse();
    pass(60_000);
    assert.equal(worker(0).dismissed + worker(1).dismissed, 1);
  });

  it('ends with all its workers, and answers what still ran or waited', async (t) => {
    const { pool, worker } = setUp(t, { workers: 1 });
    pool.warm();
    worker(0).ready();
    const [running, waiting] = [login(), login()];
    pool.submit(running);
    pool.submit(waiting);
    const stopped = pool.stop();
    worker(0).exit('SIGKILL');
    await stopped;
    assert.equal(worker(0).killed, 1);
    assert.deepEqual([running.results.length, waiting.results.length], [1, 1]);
    const late = login();
    pool.submit(late);
    assert.equal(late.results.length, 1);
  });
});

describe('account checks in the worker pool', () => {
  it('are handed to a free worker, and their result to the caller once', (t) => {
    const { pool, worker, pass } = setUpReady(t, 1);
    const job = accountCheck();
    pool.submit(job);
    assert.deepEqual(worker(0).received.at(-1), { kind: 'check-account', id: worker(0).lastId, username: 'alice' });
    const id = worker(0).lastId;
    pass(20);
    worker(0).allow();
    assert.deepEqual(job.results, [
      { result: { kind: 'account-checked', id, outcome: 'allowed' }, elapsed: 20, worker: 1001 },
    ]);
  });

  it('that hang or lose their worker are could-not-check', (t) => {
    const { pool, worker, pass } = setUpReady(t, 2);
    const hanging = accountCheck();
    pool.submit(hanging);
    pass(30_000);
    assert.equal((hanging.results[0] as { unavailable: string }).unavailable, 'ERR_LOGIN_OVERRUN');
    const [hung, other] = worker(0).killed === 1 ? [worker(0), worker(1)] : [worker(1), worker(0)];
    assert.equal(hung.killed, 1);
    const lost = accountCheck();
    pool.submit(lost);
    other.exit('SIGKILL');
    assert.equal((lost.results[0] as { unavailable: string }).unavailable, 'ERR_LOGIN_WORKER_DIED');
  });

  it('end only by their own kind of result: a worker that sends the other is killed', (t) => {
    const { pool, worker } = setUpReady(t, 1);
    pool.submit(accountCheck());
    worker(0).refuse();
    assert.equal(worker(0).killed, 1);
    t.mock.timers.reset();
    const { pool: second, worker: another } = setUpReady(t, 1);
    second.submit(login());
    another(0).allow();
    assert.equal(another(0).killed, 1);
  });

  it("count as a worker's logins", (t) => {
    const { pool, worker } = setUp(t, { workers: 1, accountChecks: true, maxLogins: 2 });
    pool.warm();
    worker(0).ready();
    pool.submit(login());
    worker(0).refuse();
    pool.submit(accountCheck());
    worker(0).allow();
    assert.equal(worker(0).dismissed, 1);
  });

  it('never hold more than half of the workers, and start none that they may not have', (t) => {
    const { pool, workers, worker } = setUp(t, { workers: 4, accountChecks: true, queueLength: 100 });
    for (let n = 0; n < 10; n += 1) pool.submit(accountCheck());
    for (let n = 0; n < workers.length; n += 1) worker(n).ready();
    assert.equal(workers.length, 2);
    assert.equal(workers.filter(({ verb }) => verb === 'check-account').length, 2);
    pool.submit(login());
    worker(2).ready();
    assert.equal(worker(2).verb, 'issue', 'a login waits for none of them');
  });

  it('find a worker however many logins run and wait', (t) => {
    const { pool, workers } = setUpReady(t, 4);
    for (let n = 0; n < 10; n += 1) pool.submit(login());
    assert.equal(workers.filter(({ verb }) => verb === 'issue').length, 3);
    const job = accountCheck();
    pool.submit(job);
    workers.find(({ verb }) => verb === 'check-account')?.allow();
    assert.equal(job.results.length, 1);
  });

  it('take turns with logins at a single worker', (t) => {
    const { pool, worker } = setUp(t, { workers: 1, accountChecks: true, queueLength: 100 });
    for (let n = 0; n < 3; n += 1) pool.submit(login());
    for (let n = 0; n < 3; n += 1) pool.submit(accountCheck());
    worker(0).ready();
    const served: (string | undefined)[] = [];
    for (let n = 0; n < 6; n += 1) {
      served.push(worker(0).verb);
      if (worker(0).verb === 'issue') worker(0).refuse();
      else worker(0).allow();
    }
    const turn = ['issue', 'check-account'];
    assert.deepEqual(served, [...turn, ...turn, ...turn]);
  });

  it('wait in a queue of their own, as long as that of the logins', (t) => {
    const { pool } = setUp(t, { workers: 2, accountChecks: true, queueLength: 2 });
    const checks = [accountCheck(), accountCheck(), accountCheck()];
    for (const job of checks) pool.submit(job);
    assert.deepEqual(
      checks.map(({ results }) => results),
      [[], [], [{ unavailable: 'ERR_LOGIN_QUEUE_FULL', elapsed: 0 }]],
    );
    const first = login();
    pool.submit(first);
    assert.deepEqual(first.results, []);
  });

  it('that are off leave all workers to logins', (t) => {
    const { pool, workers, worker } = setUp(t, { workers: 2, accountChecks: false });
    pool.submit(login());
    pool.submit(login());
    worker(0).ready();
    worker(1).ready();
    assert.deepEqual(
      workers.map(({ verb }) => verb),
      ['issue', 'issue'],
    );
  });

  it('answers once a worker was ready, while one is free, and for as long as a transaction may take while all are at work', (t) => {
    const { pool, worker, pass } = setUp(t, { workers: 1 });
    assert.equal(pool.answering(), false);
    pool.warm();
    assert.equal(pool.answering(), false);
    worker(0).ready();
    assert.equal(pool.answering(), true);
    pass(100_000);
    assert.equal(pool.answering(), true);
    pool.submit(login());
    pass(29_999);
    assert.equal(pool.answering(), true);
    worker(0).refuse();
    pool.submit(login());
    pass(29_999);
    assert.equal(pool.answering(), true);
    pass(1);
    assert.equal(pool.answering(), false, 'it is killed, and nobody is there');
  });

  it('does not answer when workers that are ready hang one after the other', (t) => {
    const { pool, worker, workers, pass } = setUp(t, { workers: 1 });
    pool.warm();
    worker(0).ready();
    assert.equal(pool.answering(), true);
    for (let at = 0; at < 3; at += 1) pool.submit(login());
    pass(30_000);
    worker(0).exit('SIGKILL');
    pass(0);
    assert.equal(workers.length, 2);
    for (let at = 0; at < 3; at += 1) pool.submit(login());
    worker(1).ready();
    assert.equal(worker(1).verb, 'issue');
    assert.equal(pool.answering(), false);
  });

  it('answers for a moment when its only worker has died', (t) => {
    const { pool, worker, pass } = setUp(t, { workers: 1 });
    pool.warm();
    worker(0).ready();
    assert.equal(pool.answering(), true);
    worker(0).exit('SIGSEGV');
    assert.equal(pool.answering(), true);
    pass(3_000);
    assert.equal(pool.answering(), false);
  });
});
