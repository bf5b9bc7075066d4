import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { boundMeanings, bounds } from '#src/http/bounds.js';

test('the table of bounds in the docs is the one in the code', () => {
  const docs = readFileSync(new URL('../../../docs/http.md', import.meta.url), 'utf8');
  const documented = docs.split('\n').filter((line) => /^\| `[a-z]+[A-Z]?[A-Za-z]*` \| \d+ \|/.test(line));
  const coded = Object.entries(boundMeanings).map(
    ([name, meaning]) => `| \`${name}\` | ${bounds[name as keyof typeof bounds]} | ${meaning} |`,
  );
  assert.deepEqual(documented, coded);
});
