import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createJobQueue, sharesOf, type Verb } from '#src/privsep/job-queue.js';

const job = (verb: Verb, name: string, turn?: string) => ({ verb, name, ...(turn === undefined ? {} : { turn }) });
const none: never[] = [];

describe('the shares of the workers', () => {
  for (const [workers, issue, check] of [
    [1, 1, 1],
    [2, 1, 1],
    [3, 2, 1],
    [4, 3, 2],
    [64, 63, 32],
  ] as const) {
    it(`of ${workers}: ${issue} for logins and ${check} for account checks at most`, () => {
      assert.deepEqual(sharesOf(workers, true), { issue, 'check-account': check });
    });
  }

  it('are all for logins where there are no account checks', () => {
    assert.deepEqual(sharesOf(4, false), { issue: 4, 'check-account': 0 });
  });
});

describe('the job queue', () => {
  it('serves each verb in the order it came, and the verbs in turn', () => {
    const queue = createJobQueue<ReturnType<typeof job>>(sharesOf(4, true), 10);
    for (const name of ['a', 'b', 'c']) queue.add(job('issue', name));
    for (const name of ['x', 'y']) queue.add(job('check-account', name));
    const served = [1, 2, 3, 4, 5, 6].map(() => queue.take(none)?.name);
    assert.deepEqual(served, ['a', 'x', 'b', 'y', 'c', undefined]);
  });

  it('passes over a verb that holds its share, and serves it when a worker comes back', () => {
    const queue = createJobQueue<ReturnType<typeof job>>(sharesOf(4, true), 10);
    queue.add(job('check-account', 'x'));
    const busy = [job('check-account', '1'), job('check-account', '2')];
    assert.equal(queue.runnable(busy), 0);
    assert.equal(queue.take(busy), undefined);
    assert.equal(queue.runnable(none), 1);
    assert.equal(queue.take(none)?.name, 'x');
  });

  it('counts what could run, not what waits', () => {
    const queue = createJobQueue<ReturnType<typeof job>>(sharesOf(4, true), 10);
    for (let n = 0; n < 5; n += 1) {
      queue.add(job('issue', 'a'));
      queue.add(job('check-account', 'x'));
    }
    assert.equal(queue.runnable(none), 5);
    assert.equal(queue.jobs().length, 10);
  });

  it('lets jobs of one turn run one after the other, and others pass them', () => {
    const queue = createJobQueue<ReturnType<typeof job>>(sharesOf(4, false), 10);
    const [first, second, third, other] = [
      job('issue', 'first', 'alice'),
      job('issue', 'second', 'alice'),
      job('issue', 'third', 'alice'),
      job('issue', 'other', 'bob'),
    ];
    for (const waiting of [first, second, third, other]) queue.add(waiting);
    assert.equal(queue.runnable(none), 2);
    assert.equal(queue.take(none), first);
    assert.equal(queue.take([first]), other);
    assert.equal(queue.runnable([first, other]), 0);
    assert.equal(queue.take([first, other]), undefined);
    assert.equal(queue.take([other]), second);
    assert.equal(queue.take([]), third);
  });

  it('gives a place back', () => {
    const queue = createJobQueue<ReturnType<typeof job>>(sharesOf(4, true), 1);
    const first = job('issue', 'a');
    assert.equal(queue.add(first), true);
    assert.equal(queue.add(job('issue', 'b')), false);
    assert.equal(queue.remove(first), true);
    assert.equal(queue.remove(first), false);
    assert.equal(queue.add(job('issue', 'b')), true);
  });
});
