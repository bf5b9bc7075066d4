import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricEntries } from '#src/metrics/catalogue.js';
import { expose } from '#src/metrics/exposition.js';
import { createTally } from '#src/metrics/tally.js';

function tallies() {
  const [front, supervisor] = [createTally('front'), createTally('supervisor')];
  const text = () => expose({ front: front.row(), supervisor: supervisor.row() });
  return { front, supervisor, text };
}

test('each metric has its help and type once, and counters are there from the start', async () => {
  const { text } = tallies();
  const written = await text();
  for (const [name, { type, help }] of metricEntries) {
    // A gauge that was never set has nothing to say.
    const times = type === 'gauge' ? 0 : 1;
    assert.equal(written.split(`# TYPE ${name} ${type}\n`).length - 1, times, name);
    assert.equal(written.split(`# HELP ${name} ${help}\n`).length - 1, times, name);
  }
  assert.match(written, /^pamhook_reviews_total\{answer="yes"\} 0$/m);
  assert.ok(written.endsWith('\n'));
});

test('buckets are written as sums of all below, with sum and count', async () => {
  const { supervisor, text } = tallies();
  const observe = supervisor.histogram('pamhook_queue_wait_seconds', { verb: 'issue' });
  for (const value of [0.004, 0.02, 100]) observe(value);
  const lines = (await text()).split('\n').filter((line) => /^pamhook_queue_wait.*verb="issue"/.test(line));
  assert.equal(lines[0], 'pamhook_queue_wait_seconds_bucket{le="0.005",verb="issue"} 1');
  assert.equal(lines[2], 'pamhook_queue_wait_seconds_bucket{le="0.025",verb="issue"} 2');
  assert.deepEqual(lines.slice(-4), [
    'pamhook_queue_wait_seconds_bucket{le="60",verb="issue"} 2',
    'pamhook_queue_wait_seconds_bucket{le="+Inf",verb="issue"} 3',
    'pamhook_queue_wait_seconds_sum{verb="issue"} 100.024',
    'pamhook_queue_wait_seconds_count{verb="issue"} 3',
  ]);
});

test('nothing of the process that writes them gets in', async () => {
  const written = await tallies().text();
  for (const line of written.split('\n')) assert.match(line, /^(# (HELP|TYPE) pamhook_|pamhook_|$)/);
});
