/** `make bench-docs`: the tables and charts of docs/benchmarks.md and docs/scaling.md, made from the newest results. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { barChart } from './chart.js';
import { judge } from './goals.js';
import { newestResult } from './kept.js';
import { ROOT } from './paths.js';
import { casesTable, goalsTable } from './report.js';
import type { Result } from './result.js';
import { clusterTable, logins, replicasTable, scalingPlots, scalingTable } from './scaling.js';

/** What each file must hold, by path from the project's top. */
export function benchFiles(bench: Result, scaling: Result): Record<string, string> {
  const benchmarks = { measured: measuredOn(bench), goals: goalsTable(bench), cases: casesTable(bench) };
  const growth = {
    measured: measuredOn(scaling),
    growth: scalingTable(scaling),
    replicas: replicasTable(scaling),
    cluster: clusterTable(bench),
    logins: logins(bench),
  };
  return {
    'docs/benchmarks.md': filled('docs/benchmarks.md', benchmarks),
    'docs/scaling.md': filled('docs/scaling.md', growth),
    'docs/images/cost-to-floor.svg': costChart(bench),
    ...scalingPlots(scaling),
  };
}

/** A page written by hand, each table between its two marks made anew. */
function filled(path: string, tables: Readonly<Record<string, string>>): string {
  let page = readFileSync(ROOT + path, 'utf8');
  for (const [name, text] of Object.entries(tables)) {
    const [before, rest] = page.split(`<!-- ${name} -->\n`);
    const after = rest?.split(`<!-- /${name} -->\n`)[1];
    if (after === undefined) throw new Error(`${path} has no place for ${name}`);
    page = `${before}<!-- ${name} -->\n${text}\n<!-- /${name} -->\n${after}`;
  }
  return page;
}

export function measuredOn({ date, pamhook, machine, seconds, conditions }: Result): string {
  const { processor, cores, memory, kernel, node, openssl } = machine;
  const gib = Math.round(memory / 1024 ** 3);
  return [
    `${date.slice(0, 10)}, pamhook ${pamhook}, Node ${node} with OpenSSL ${openssl}, ${processor}, ${cores} cores, ${gib} GiB, Linux ${kernel};`,
    `rounds of ${seconds} s. ${conditions.map((text) => `${text[0]?.toUpperCase()}${text.slice(1)}.`).join(' ')}`,
  ].join('\n');
}

/** What is held against the floor, and where its limit is. */
function costChart(result: Result): string {
  const bars = judge(result).flatMap(({ figure, unit, bound, limit, value }) =>
    value === undefined || bound === 'at least' || !unit.includes('floor')
      ? []
      : [{ label: figure, value: value.median, limit }],
  );
  return barChart('pamhook, as a multiple of the floor (and the goal, at most)', bars);
}

export function writeBenchFiles(): void {
  for (const [path, text] of Object.entries(benchFiles(newestResult('bench'), newestResult('scaling')))) {
    mkdirSync(dirname(ROOT + path), { recursive: true });
    writeFileSync(ROOT + path, text);
  }
}
