import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { pages } from './pages.js';

const top = new URL('../../../', import.meta.url);

for (const [path, page] of Object.entries(pages)) {
  test(`${path} says what the code says`, () => {
    const written = readFileSync(new URL(path, top), 'utf8');
    assert.equal(written, page(), 'make it anew: node build/test/docs/generate.js');
  });
}
