import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INTERVAL, onceAnInterval } from '#src/log/once-an-interval.js';

test('onceAnInterval() lets each cause through at once, and later tells how many of it there were', () => {
  let now = 1_000;
  const mayTell = onceAnInterval<string>(() => now);
  assert.deepEqual([mayTell('a'), mayTell('b'), mayTell('a'), mayTell('a')], [{}, {}, undefined, undefined]);
  now += INTERVAL - 1;
  assert.equal(mayTell('a'), undefined);
  now += 1;
  assert.deepEqual([mayTell('a'), mayTell('a'), mayTell('b')], [{ othersBefore: 3 }, undefined, {}]);
});
