import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createJobQueue, sharesOf, type Verb } from '#src/privsep/job-queue.js';

const job = (verb: Verb, name: string) => ({ verb, name });
type TestJob = ReturnType<typeof job>;

describe('the shares of the workers', () => {
  for (const [workers, issue, check] of [
    [1, 1, 1],
    [2, 1, 1],
    [3, 2, 1],
    [4, 3, 2],
    [64, 63, 32],
  ] as const) {
    it(`of ${workers}: ${issue} for logins and ${check} for account checks, or users whom a proxy names, at most`, () => {
      assert.deepEqual(sharesOf(workers, true), { issue, vouch: 0, 'check-account': check });
      assert.deepEqual(sharesOf(workers, false, true), { issue, vouch: check, 'check-account': 0 });
    });
  }

  it('are all for logins where there are no account checks', () => {
    assert.deepEqual(sharesOf(4, false), { issue: 4, vouch: 0, 'check-account': 0 });
  });
});

describe('the job queue', () => {
  it('serves each verb in the order it came, and the verbs in turn', () => {
    const queue = createJobQueue<TestJob>(sharesOf(10, true), 10);
    for (const name of ['a', 'b', 'c']) queue.add(job('issue', name));
    for (const name of ['x', 'y']) queue.add(job('check-account', name));
    const served = [1, 2, 3, 4, 5, 6].map(() => queue.take()?.name);
    assert.deepEqual(served, ['a', 'x', 'b', 'y', 'c', undefined]);
  });

  it('passes over a verb that holds its share, and serves it when a worker comes back', () => {
    const queue = createJobQueue<TestJob>(sharesOf(4, true), 10);
    for (const name of ['x', 'y', 'z']) queue.add(job('check-account', name));
    const [first] = [queue.take(), queue.take()];
    assert.equal(queue.runnable(), 0);
    assert.equal(queue.take(), undefined);
    queue.done(first as TestJob);
    assert.equal(queue.runnable(), 1);
    assert.equal(queue.take()?.name, 'z');
  });

  it('counts what could run, not what waits', () => {
    const queue = createJobQueue<TestJob>(sharesOf(4, true), 10);
    for (let n = 0; n < 5; n += 1) {
      queue.add(job('issue', 'a'));
      queue.add(job('check-account', 'x'));
    }
    assert.equal(queue.runnable(), 5);
    assert.equal(queue.jobs().length, 10);
  });

  it('gives a place back', () => {
    const queue = createJobQueue<TestJob>(sharesOf(4, true), 1);
    const first = job('issue', 'a');
    assert.equal(queue.add(first), true);
    assert.equal(queue.add(job('issue', 'b')), false);
    assert.equal(queue.remove(first), true);
    assert.equal(queue.remove(first), false);
    assert.equal(queue.add(job('issue', 'b')), true);
  });
});
