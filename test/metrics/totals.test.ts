/** Counts of fronts that come and go, and of one that lies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSeries, type Row, rowLength, seriesOf } from '#src/metrics/series.js';
import { createTotals } from '#src/metrics/totals.js';

const YES = findSeries('pamhook_reviews_total', { answer: 'yes' }).at;
const CONNECTIONS = findSeries('pamhook_connections', {}).at;
const gauges = new Set(seriesOf('front').flatMap(({ metric, at }) => (metric.type === 'gauge' ? [at] : [])));

function row(yes: number | null, connections: number | null = null): Row {
  const zero: Row = Array.from({ length: rowLength('front') }, (_, at) => (gauges.has(at) ? null : 0));
  return zero.with(YES, yes).with(CONNECTIONS, connections);
}

const seen = ({ row }: { row(): Row }) => [row()[YES], row()[CONNECTIONS]];

test('counters go on where the last front ended, gauges are those of the front that runs', () => {
  const totals = createTotals('front');
  assert.deepEqual(seen(totals), [0, null]);
  totals.take(row(5, 2));
  totals.take(row(7, 3));
  assert.deepEqual(seen(totals), [7, 3]);
  totals.gone();
  assert.deepEqual(seen(totals), [7, null]);
  totals.take(row(1, 1));
  assert.deepEqual(seen(totals), [8, 1]);
});

test('a counter that falls, is missing or rises too far breaks the protocol, and nothing of that row is taken', () => {
  for (const lie of [4, null, 5 + 10_000_001]) {
    const totals = createTotals('front');
    totals.take(row(5, 2));
    assert.throws(() => totals.take(row(lie, 9)), { code: 'ERR_PROTOCOL' });
    assert.deepEqual(seen(totals), [5, 2]);
  }
});

test('a total ends at the largest number that is exact', () => {
  const totals = createTotals('front');
  for (let at = 1; at <= 10; at += 1) totals.take(row(at * 10_000_000));
  assert.deepEqual(seen(totals), [100_000_000, null]);
});
