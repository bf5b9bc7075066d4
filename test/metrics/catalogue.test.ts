/** What holds for all metrics: names and units as Prometheus wants them, labels with few values that no client chooses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricEntries } from '#src/metrics/catalogue.js';
import { rowLength, seriesOf } from '#src/metrics/series.js';

test('names begin with pamhook_, counters end in _total, and units are base units', () => {
  for (const [name, { type }] of metricEntries) {
    assert.match(name, /^pamhook_[a-z]+(_[a-z]+)*$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    if (type === 'histogram') assert.match(name, /_seconds$/);
    assert.doesNotMatch(name, /milli|micro|kilo|minutes|hours|days|percent/);
    assert.doesNotMatch(name, /_(sum|count|bucket|info_info)$/);
  }
});

test('no label names a user, an address, a request or a token, and none has many values', () => {
  for (const [name, { labels }] of metricEntries) {
    for (const [label, values] of Object.entries(labels)) {
      assert.match(
        label,
        /^(version|node|outcome|code|verb|state|answer|result|path|status|reason|listener|process)$/,
        name,
      );
      assert.ok(values.length <= 32, `${name} ${label}`);
      assert.equal(new Set(values).size, values.length);
    }
  }
});

test('all series together are a few hundred numbers, each with a place of its own', () => {
  for (const owner of ['front', 'supervisor'] as const) {
    let next = 0;
    for (const { at, length } of seriesOf(owner)) {
      assert.equal(at, next);
      next += length;
    }
    assert.equal(next, rowLength(owner));
    assert.ok(next < 400, `${owner} ${next}`);
  }
});

test('the bounds of buckets rise', () => {
  for (const [name, { buckets }] of metricEntries) {
    assert.deepEqual(
      buckets,
      buckets.toSorted((left, right) => left - right),
      name,
    );
  }
});
