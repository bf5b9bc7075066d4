/** The results that are kept in bench/results. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { RESULTS, ROOT } from './paths.js';
import { parseResult, type Result } from './result.js';

/** Of the bench itself, or of how cost grows. */
export type Kind = 'bench' | 'scaling';

/** The path from the project's top. */
export function keep(kind: Kind, result: Result): string {
  mkdirSync(RESULTS, { recursive: true });
  const path = `${RESULTS}${kind}-${result.date.slice(0, 16).replaceAll(':', '')}.json`;
  writeFileSync(path, `${JSON.stringify(result, undefined, 1)}\n`);
  return path.slice(ROOT.length);
}

/** Throws where none is kept. */
export function newestResult(kind: Kind): Result {
  const names = readdirSync(RESULTS).filter((name) => name.startsWith(`${kind}-`) && name.endsWith('.json'));
  const newest = names.sort().at(-1);
  if (newest === undefined)
    throw new Error(`bench/results has no ${kind}-*.json: make ${kind === 'bench' ? 'bench' : 'bench-scaling'}`);
  return parseResult(readFileSync(RESULTS + newest, 'utf8'));
}
