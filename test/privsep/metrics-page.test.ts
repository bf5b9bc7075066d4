import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetricsPage } from '#src/privsep/metrics-page.js';

const ROWS = { front: [1], supervisor: [2] };

test('numbers are written once, however many ask, and served for ten seconds', async () => {
  const clock = { now: 0 };
  let written = 0;
  const expose = async () => {
    written += 1;
    return String(written);
  };
  const page = createMetricsPage({ expose, now: () => clock.now });
  assert.equal(await page.text(), undefined);
  page.update(ROWS);
  const texts = await Promise.all(Array.from({ length: 100 }, page.text));
  assert.deepEqual(new Set(texts), new Set(['1']));
  page.update(ROWS);
  clock.now = 9_999;
  assert.equal(await page.text(), '2');
  clock.now = 10_000;
  assert.equal(await page.text(), undefined);
  page.update(ROWS);
  assert.equal(await page.text(), '3');
});
