import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Counted, createIntervalCounter } from '#src/log/interval-counter.js';
import { type CountedRefusals, createRefusalCounter, type RefusalCounterOptions } from '#src/log/refusal-counter.js';

/** A counter with a clock and timers in the hands of the test. */
function setUp(options: Partial<RefusalCounterOptions> = {}) {
  const flushed: Array<readonly CountedRefusals[]> = [];
  const timers: Array<{ callback: () => void; milliseconds: number; cancelled: boolean }> = [];
  let time = 1000;
  const counter = createRefusalCounter({
    flush: (entries) => flushed.push(entries),
    setTimer: (callback, milliseconds) => {
      const timer = { callback, milliseconds, cancelled: false };
      timers.push(timer);
      return () => {
        timer.cancelled = true;
      };
    },
    now: () => time++,
    ...options,
  });
  return { counter, flushed, timers };
}

test('refusals are flushed as one entry a reason and source, ten seconds after the first', () => {
  const { counter, flushed, timers } = setUp();
  counter.count('expired', '10.0.0.1');
  counter.count('expired', '10.0.0.1');
  counter.count('expired', '10.0.0.2');
  counter.count('unknown key', '10.0.0.1');
  assert.deepEqual(
    timers.map(({ milliseconds }) => milliseconds),
    [10_000],
  );
  assert.deepEqual(flushed, []);
  timers[0]?.callback();
  assert.deepEqual(flushed, [
    [
      { reason: 'expired', source: '10.0.0.1', count: 2, since: 1000 },
      { reason: 'expired', source: '10.0.0.2', count: 1, since: 1001 },
      { reason: 'unknown key', source: '10.0.0.1', count: 1, since: 1002 },
    ],
  ]);
});

test('one that comes again and again is counted as any other, and a member more or less makes another one', () => {
  interface Key {
    readonly source: string;
    readonly user?: string;
  }
  let flushed: readonly Counted<Key>[] = [];
  const counter = createIntervalCounter<Key>({
    keyFor: (key) => key,
    flush(entries) {
      flushed = entries;
      return undefined;
    },
    now: () => 1,
  });
  for (const user of ['x', 'x', undefined, undefined, 'x', 'y']) {
    counter.count({ source: 'a', ...(user && { user }) });
  }
  counter.stop();
  assert.deepEqual(flushed, [
    { source: 'a', user: 'x', count: 3, since: 1 },
    { source: 'a', count: 2, since: 1 },
    { source: 'a', user: 'y', count: 1, since: 1 },
  ]);
});

test('a flush begins anew, and without refusals there is no timer', () => {
  const { counter, flushed, timers } = setUp();
  counter.count('expired', 'a');
  timers[0]?.callback();
  assert.equal(timers.length, 1);
  counter.count('expired', 'a');
  timers[1]?.callback();
  assert.deepEqual(
    flushed.map((entries) => entries.map(({ count }) => count)),
    [[1], [1]],
  );
});

test('beyond the bound sources are counted as other, without one refusal lost', () => {
  const { counter, flushed } = setUp({ maxKeys: 3 });
  for (let i = 0; i < 100; i++) {
    counter.count('expired', `10.0.0.${i}`);
    counter.count('unknown key', `10.0.0.${i}`);
  }
  counter.count('expired', '10.0.0.0');
  counter.stop();
  assert.deepEqual(
    flushed[0]?.map(({ reason, source, count }) => [reason, source, count]),
    [
      ['expired', '10.0.0.0', 2],
      ['unknown key', '10.0.0.0', 1],
      ['expired', '10.0.0.1', 1],
      ['unknown key', 'other', 99],
      ['expired', 'other', 98],
    ],
  );
});

test('by default 1024 pairs of reason and source are kept apart', () => {
  const { counter, flushed } = setUp();
  for (let i = 0; i < 5000; i++) counter.count('expired', `${i}`);
  counter.stop();
  assert.equal(flushed[0]?.length, 1025);
});

test('stop() flushes what was counted and ends the timer', () => {
  const { counter, flushed, timers } = setUp();
  counter.count('expired', 'a');
  counter.stop();
  assert.equal(flushed.length, 1);
  assert.equal(timers[0]?.cancelled, true);
  counter.count('expired', 'a');
  assert.equal(timers.length, 1);
  counter.stop();
  counter.stop();
  assert.equal(flushed.length, 2);
});

test('counts that could not be flushed are kept for the next time', () => {
  let broken = true;
  const flushed: Array<readonly CountedRefusals[]> = [];
  const { counter, timers } = setUp({
    flush: (entries) => {
      if (broken) throw new Error('no');
      flushed.push(entries);
    },
  });
  counter.count('expired', 'a');
  timers[0]?.callback();
  broken = false;
  counter.count('expired', 'a');
  timers[1]?.callback();
  assert.deepEqual(
    flushed.map((entries) => entries.map(({ count }) => count)),
    [[2]],
  );
});

test('the timer of a counter does not keep a process alive', (t) => {
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const counter = createRefusalCounter({ flush: () => {} });
  t.after(() => counter.stop());
  counter.count('expired', 'a');
  assert.equal(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length, before);
});
