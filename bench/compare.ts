/** `bench/compare OLD [NEW]`: what has changed between two results, each held against the floor of its own run. */
import { readFileSync } from 'node:fs';
import { newestResult } from './kept.js';
import { table } from './report.js';
import { type FigureName, parseResult, type Result, roundsOf } from './result.js';
import { ratios, type Spread, spreadOf } from './statistics.js';

/** Where the floor is known, machines and their moods drop out of it. */
const COMPARED: readonly FigureName[] = ['cpu', 'rate', 'p99', 'memory', 'duration'];

export interface Change {
  readonly title: string;
  readonly figure: FigureName;
  readonly toFloor: boolean;
  readonly before: Spread;
  readonly after: Spread;
  /** New to old. */
  readonly ratio: number;
  /** Whether the rounds of one run lie beyond all those of the other. */
  readonly clear: boolean;
}

export function changes(before: Result, after: Result): Change[] {
  return after.cases.flatMap(({ id, title }) =>
    COMPARED.flatMap((figure) => {
      const [old, now] = [valuesOf(before, id, figure), valuesOf(after, id, figure)];
      const [first, second] = [spreadOf(old.values), spreadOf(now.values)];
      if (first === undefined || second === undefined || old.toFloor !== now.toFloor) return [];
      const clear = second.low > first.high || second.high < first.low;
      const ratio = second.median / first.median;
      return [{ title, figure, toFloor: now.toFloor, before: first, after: second, ratio, clear }];
    }),
  );
}

function valuesOf(result: Result, id: string, figure: FigureName): { values: number[]; toFloor: boolean } {
  const own = roundsOf(result, id, 'pamhook', figure);
  const base = ['floor', 'libpam', 'calm'].find((name) => spreadOf(roundsOf(result, id, name, figure)) !== undefined);
  return base === undefined
    ? { values: own, toFloor: false }
    : { values: ratios(own, roundsOf(result, id, base, figure)), toFloor: true };
}

export function comparison(before: Result, after: Result): string {
  const rows = changes(before, after).map(({ title, figure, toFloor, before: first, after: second, ratio, clear }) => [
    title,
    toFloor ? `${figure}, x floor` : figure,
    short(first.median),
    short(second.median),
    `${ratio >= 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(0)} %`,
    clear ? 'beyond the spread' : '',
  ]);
  return table(['case', 'figure', before.date.slice(0, 16), after.date.slice(0, 16), 'change', ''], ...rows);
}

function short(value: number): string {
  return value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString('en');
}

export function main([old, latest]: readonly string[]): number {
  if (old === undefined) {
    console.error('usage: bench/compare OLD [NEW], files of bench/results; NEW: the newest');
    return 2;
  }
  const read = (path: string) => parseResult(readFileSync(path, 'utf8'));
  console.log(comparison(read(old), latest === undefined ? newestResult('bench') : read(latest)));
  return 0;
}
