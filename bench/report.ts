/** What a run prints: a table of all cases, and at the end the goals. */
import { judge, type Verdict } from './goals.js';
import type { CaseResult, FigureName, Figures, Result } from './result.js';
import { type Spread, spreadOf } from './statistics.js';

const COLUMNS: readonly (readonly [figure: FigureName, head: string, show: (value: number) => string])[] = [
  ['rate', 'requests/s', (value) => Math.round(value).toLocaleString('en')],
  ['cpu', 'CPU a request, µs', (value) => value.toFixed(value < 100 ? 1 : 0)],
  ['p50', 'p50, ms', (value) => value.toFixed(2)],
  ['p90', 'p90', (value) => value.toFixed(2)],
  ['p99', 'p99', (value) => value.toFixed(2)],
  ['p99.9', 'p99.9', (value) => value.toFixed(2)],
  ['memory', 'PSS, MiB', (value) => (value / 1024 / 1024).toFixed(0)],
  ['duration', 'ms', (value) => value.toFixed(0)],
  ['failed', 'failed', (value) => value.toFixed(0)],
];

/** A row for each server of each case: medians, with the lowest and highest round of what is compared. */
export function casesTable({ cases }: Pick<Result, 'cases'>): string {
  const used = COLUMNS.filter(([figure]) =>
    cases.some((each) =>
      Object.values(each.servers)
        .flat()
        .some((round) => figure in round),
    ),
  );
  const rows = cases.flatMap((each) => rowsOf(each, used));
  return table(['case', 'server', ...used.map(([, head]) => head)], ...rows);
}

function rowsOf({ title, servers }: CaseResult, columns: typeof COLUMNS): string[][] {
  return Object.entries(servers).map(([name, rounds]) => [
    title,
    name,
    ...columns.map(([figure, , show]) => cell(figure, rounds, show)),
  ]);
}

function cell(figure: FigureName, rounds: readonly Figures[], show: (value: number) => string): string {
  const spread = spreadOf(rounds.map((round) => round[figure] ?? Number.NaN));
  if (spread === undefined) return '';
  if (figure === 'failed') return show(spread.high);
  return rounds.length === 1 ? show(spread.median) : withSpread(spread, show);
}

export function withSpread({ median, low, high }: Spread, show: (value: number) => string): string {
  return `${show(median)} (${show(low)}–${show(high)})`;
}

export function goalsTable(result: Result): string {
  return table(['figure', 'goal', 'seen', ''], ...judge(result).map(goalRow));
}

export function goalRow({ figure, bound, limit, unit, value, met }: Verdict): string[] {
  const seen = value === undefined ? 'not measured' : withSpread(value, short);
  return [figure, `${bound} ${limit} ${unit}`, seen, met === undefined ? '' : met ? 'met' : 'NOT MET'];
}

function short(value: number): string {
  return value.toFixed(Math.abs(value) < 10 ? 2 : 0);
}

/** Markdown, its columns in line. */
export function table(...rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(head), rule, ...rows.slice(1).map(line)].join('\n');
}
