/** The tables that a soak prints. */
import type { Latency } from './load/probe.js';
import { totalOf } from './process-watch.js';
import { beyondPam, largest, mebibytes, openIn, type Promised, ratioOf } from './promises.js';
import type { Run } from './run.js';
import { type Kind, kinds, sum } from './tally.js';

const ROLES = ['supervisor', 'front', 'worker'];

export function report(run: Run, promised: readonly Promised[]): string {
  const parts = [
    requests(run),
    latencies(run),
    innocents(run),
    memory(run),
    descriptors(run),
    logged(run),
    verdicts(promised),
  ];
  const told = run.loads.told();
  if (told.length > 0) parts.push(['Wrong answers:', ...told].join('\n'));
  return parts.join('\n\n');
}

/** Markdown, its columns in line. */
function table(...rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(head), rule, ...rows.slice(1).map(line)].join('\n');
}

const number = (value: number) => value.toLocaleString('en');

function requests({ loads }: Run): string {
  const rows = Object.entries(loads.counts()).map(([title, all]) => {
    const total = (kind: Kind) => all.reduce((count, each) => count + sum(each)[kind], 0);
    const counts = kinds.map(total);
    return [title, number(counts.reduce((one, other) => one + other, 0)), ...counts.map((count) => number(count))];
  });
  return table(['load', 'requests', 'as expected', '429', '503 or 500', 'cut off', 'too late', 'wrong'], ...rows);
}

function latencies({ latencies }: Run): string {
  const cell = (value: number) => `${value.toFixed(1)} ms`;
  const rows = Object.entries(latencies).flatMap(([what, phases]) =>
    Object.entries(phases).map(([phase, latency]: [string, Latency]) => {
      const ratio = (quantile: 'p50' | 'p99') => ratioOf(phases['calm'], latency, quantile).toFixed(2);
      const { count, p50, p99, longest } = latency;
      return [what, phase, number(count), cell(p50), ratio('p50'), cell(p99), ratio('p99'), cell(longest)];
    }),
  );
  return table(['latency', 'phase', 'answers', 'p50', 'to calm', 'p99', 'to calm', 'longest'], ...rows);
}

function innocents(run: Run): string {
  const logins = beyondPam(run);
  const phases = [...new Set(logins.map(({ phase }) => phase))];
  const rows = phases.map((phase) => {
    const those = logins.filter((login) => login.phase === phase);
    const worst = (values: readonly number[]) => `${Math.round(Math.max(...values))} ms`;
    return [
      phase,
      number(those.length),
      worst(those.map(({ took }) => took)),
      worst(those.map(({ milliseconds }) => milliseconds)),
    ];
  });
  return table(["the innocent's logins", 'count', 'longest', 'most beyond PAM'], ...rows);
}

function memory({ looks, watch }: Run): string {
  const names = Object.keys(looks);
  const peak = (role: string) => Math.max(...Object.values(watch.peaks).map(({ roles }) => roles[role] ?? 0));
  const rows = ROLES.map((role) => [
    role,
    ...names.map((name) => mebibytes(largest(looks[name], role))),
    mebibytes(peak(role)),
  ]);
  const all = names.map((name) => mebibytes(totalOf(looks[name]?.processes ?? [])));
  const highest = mebibytes(Math.max(...Object.values(watch.peaks).map(({ total }) => total)));
  return table(['memory (PSS), largest', ...names, 'peak'], ...rows, ['all together', ...all, highest]);
}

function descriptors({ looks }: Run): string {
  const names = Object.keys(looks);
  const rows = ROLES.map((role) => [role, ...names.map((name) => `${openIn(looks[name], role) ?? '?'}`)]);
  const zombies = names.map((name) => `${looks[name]?.zombies}`);
  return table(['descriptors, most', ...names], ...rows, ['zombies', ...zombies]);
}

/** How often the daemon said what. */
function logged({ daemon }: Run): string {
  const counts = new Map<string, number>();
  for (const line of daemon.stderr().split('\n')) {
    if (!line.startsWith('{')) continue;
    const { level, message } = JSON.parse(line);
    if (level !== 'info') counts.set(`${level}: ${message}`, (counts.get(`${level}: ${message}`) ?? 0) + 1);
  }
  return table(['logged by the daemon', 'times'], ...[...counts].map(([text, count]) => [text, number(count)]));
}

function verdicts(promised: readonly Promised[]): string {
  const rows = promised.map(({ promise, seen, met, firm }) => [
    promise,
    seen,
    `${met ? 'met' : 'NOT MET'}${firm ? '' : ' (no failure: depends on the machine)'}`,
  ]);
  return table(['promise', 'seen', ''], ...rows);
}
