/** The table of bounds in docs/http.md, the one part of that page that is made from the code. */
import { readFileSync } from 'node:fs';
import { type Bounds, boundMeanings, bounds } from '#src/http/bounds.js';

const HEADING = '| bound | value | what it limits, and what happens beyond it |\n|---|---|---|\n';
const TABLE = /^\| bound \|.*\n(?:\|.*\n)+/m;

/** The page as it stands, with the table made anew. */
export function httpPage(): string {
  const page = readFileSync(new URL('../../../docs/http.md', import.meta.url), 'utf8');
  if (!TABLE.test(page)) throw new Error('docs/http.md has no table of bounds');
  const rows = (Object.keys(boundMeanings) as (keyof Bounds)[]).map(boundRow);
  return page.replace(TABLE, () => HEADING + rows.join(''));
}

function boundRow(name: keyof Bounds): string {
  return `| \`${name}\` | ${bounds[name]} | ${boundMeanings[name]} |\n`;
}
