import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSeries } from '#src/metrics/series.js';
import { countersBy, createTally } from '#src/metrics/tally.js';

test('counters start at zero and count, each for itself', () => {
  const tally = createTally('front');
  const answers = countersBy(tally, 'pamhook_reviews_total', 'answer', ['yes', 'no']);
  const place = (answer: string) => tally.row()[findSeries('pamhook_reviews_total', { answer }).at];
  assert.equal(place('yes'), 0);
  answers.yes();
  answers.yes(3);
  answers.no();
  assert.deepEqual([place('yes'), place('no'), place('unavailable')], [4, 1, 0]);
});

test('a gauge has no value until it is set, and none when it is taken away', () => {
  const tally = createTally('supervisor');
  const set = tally.gauge('pamhook_verification_keys');
  const { at } = findSeries('pamhook_verification_keys', {});
  assert.equal(tally.row()[at], null);
  set(3);
  assert.equal(tally.row()[at], 3);
  set(undefined);
  assert.equal(tally.row()[at], null);
});

test('a histogram counts each value in the first bucket that holds it, bounds included, and what is beyond', () => {
  const tally = createTally('supervisor');
  const observe = tally.histogram('pamhook_login_duration_seconds');
  for (const value of [0, 0.005, 0.0051, 60, 61]) observe(value);
  const { at, length } = findSeries('pamhook_login_duration_seconds', {});
  const row = tally.row().slice(at, at + length);
  assert.deepEqual([row[0], row[1], row.at(-3), row.at(-2)], [2, 1, 1, 1]);
  assert.equal(row.at(-1), 121.0101);
});

test('what is no series of this process is a fault, not another series', () => {
  const tally = createTally('front');
  assert.throws(() => tally.counter('pamhook_reviews_total', { answer: 'alice' }));
  assert.throws(() => tally.counter('pamhook_reviews_total'));
  assert.throws(() => tally.counter('pamhook_reviews_total', { answer: 'yes', user: 'alice' }));
  assert.throws(() => tally.gauge('pamhook_reviews_total', { answer: 'yes' }));
  assert.throws(() => tally.counter('pamhook_logins_total', { outcome: 'issued' }));
});
