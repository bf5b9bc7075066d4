import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { benchFiles } from '#bench/docs.js';
import { newestResult } from '#bench/kept.js';
import { countsOf } from '#bench/scaling.js';
import { resultOf } from './results.js';

const top = new URL('../../../', import.meta.url);

describe('the pages about speed', () => {
  for (const [path, text] of Object.entries(benchFiles(newestResult('bench'), newestResult('scaling')))) {
    it(`have in ${path} what was measured last`, () => {
      assert.equal(readFileSync(new URL(path, top), 'utf8'), text, 'make it anew: make bench-docs');
    });
  }

  it('say on what it was measured', () => {
    const page = benchFiles(newestResult('bench'), newestResult('scaling'))['docs/benchmarks.md'] ?? '';
    assert.match(page, /^\d{4}-\d\d-\d\d, pamhook \S+, Node v\d+\.\d+\.\d+ .*, \d+ cores,/m);
  });
});

describe('countsOf()', () => {
  it('finds what grows by the names of the cases, in rising order, and takes no other for it', () => {
    const cases = Object.fromEntries(['users-100', 'users-10', 'users-in-passwd-7', 'tokens-3'].map((id) => [id, {}]));
    assert.deepEqual(countsOf(resultOf(cases), 'users'), [10, 100]);
    assert.deepEqual(countsOf(resultOf(cases), 'users-in-passwd'), [7]);
  });
});
