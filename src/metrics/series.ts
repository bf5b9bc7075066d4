/** Where the numbers of a process' metrics stand in its one row of numbers: the same in every process, and not longer than the table makes it. */
import { type Metric, type MetricName, metricEntries, type Owner } from './catalogue.js';

export type LabelValues = Readonly<Record<string, string>>;

/** One metric with one value of each label. */
export interface Series {
  readonly name: MetricName;
  readonly metric: Metric;
  readonly labels: LabelValues;
  /** The first of its numbers: one; of a histogram one for each bucket, one for what is beyond them, and the sum. */
  readonly at: number;
  readonly length: number;
}

/** A row of numbers; null: there is none (of gauges alone). */
export type Row = readonly (number | null)[];

const rows: Readonly<Record<Owner, readonly Series[]>> = {
  front: seriesFor('front'),
  supervisor: seriesFor('supervisor'),
};

export function seriesOf(owner: Owner): readonly Series[] {
  return rows[owner];
}

/** How many numbers the owner has. */
export function rowLength(owner: Owner): number {
  return rows[owner].reduce((sum, { length }) => sum + length, 0);
}

/** Throws Error when there is no such series: whoever asks is wrong. */
export function findSeries(name: MetricName, labels: LabelValues): Series {
  const isIt = (series: Series) =>
    series.name === name &&
    Object.keys(series.labels).length === Object.keys(labels).length &&
    Object.entries(series.labels).every(([label, value]) => labels[label] === value);
  const found = [...rows.front, ...rows.supervisor].find(isIt);
  if (found === undefined) throw new Error(`no series ${name} ${JSON.stringify(labels)}`);
  return found;
}

function seriesFor(owner: Owner): Series[] {
  let at = 0;
  const all: Series[] = [];
  for (const [name, metric] of metricEntries) {
    if (metric.owner !== owner) continue;
    const length = metric.type === 'histogram' ? metric.buckets.length + 2 : 1;
    for (const labels of combinations(Object.entries(metric.labels))) {
      all.push({ name, metric, labels, at, length });
      at += length;
    }
  }
  return all;
}

function combinations([first, ...others]: readonly (readonly [string, readonly string[]])[]): LabelValues[] {
  if (first === undefined) return [{}];
  const [label, values] = first;
  return values.flatMap((value) => combinations(others).map((rest) => ({ [label]: value, ...rest })));
}
