import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createOpenJobs } from '#src/privsep/open-jobs.js';
import type { Job, JobResult } from '#src/privsep/worker-pool.js';

function setUp(limit = 10) {
  const submitted: Job[] = [];
  const cancelled: Job[] = [];
  const open = createOpenJobs(
    {
      submit: (job) => submitted.push(job),
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
    limit,
  );
  const results: JobResult[] = [];
  const job: Job = {
    verb: 'check-account',
    about: {},
    frame: (id) => ({ kind: 'check-account', id, username: 'alice' }),
    finish: (result) => results.push(result),
  };
  return { open, job, submitted, cancelled, results };
}

const NOBODY_WAITS: JobResult = { unavailable: 'ERR_LOGIN_QUEUE_FULL', elapsed: 0 };

describe('an id that is reserved', () => {
  it('counts as open before its job comes', () => {
    const { open, job, submitted } = setUp(1);
    open.reserve(1, 'issue');
    assert.throws(() => open.reserve(1, 'issue'), { code: 'ERR_PROTOCOL' });
    assert.throws(() => open.reserve(2, 'issue'), { code: 'ERR_PROTOCOL' });
    open.submit(1, job);
    assert.deepEqual(submitted, [job]);
    assert.throws(() => open.reserve(2, 'issue'), { code: 'ERR_PROTOCOL' });
    assert.equal(open.close(1), true);
    open.reserve(2, 'issue');
  });

  it('whose client goes away before the job comes has it answered unchecked, and is open until then', () => {
    const { open, job, submitted, cancelled, results } = setUp();
    open.reserve(1, 'issue');
    open.cancel(1);
    assert.throws(() => open.reserve(1, 'issue'), { code: 'ERR_PROTOCOL' });
    open.submit(1, job);
    assert.deepEqual([submitted, cancelled, results], [[], [], [NOBODY_WAITS]]);
    assert.equal(open.close(1), true);
  });

  it('of a front that is gone has its job answered unchecked, to nobody', () => {
    const { open, job, submitted, cancelled, results } = setUp();
    open.reserve(1, 'issue');
    open.abandon();
    open.submit(1, job);
    assert.deepEqual([submitted, cancelled, results], [[], [], [NOBODY_WAITS]]);
    assert.equal(open.close(1), false);
  });

  it('with its job is cancelled by the pool', () => {
    const { open, job, cancelled } = setUp();
    for (const id of [1, 2]) {
      open.reserve(id, 'issue');
      open.submit(id, job);
    }
    open.cancel(1);
    assert.deepEqual(cancelled, [job]);
    open.abandon();
    assert.deepEqual(cancelled, [job, job, job]);
  });
});
