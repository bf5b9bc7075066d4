/** Counts the metrics of one process: what is counted often costs the addition of a number, and no more. In the front and the supervisor. */
import type { Metric, MetricName, Owner } from './catalogue.js';
import { findSeries, type LabelValues, type Row, rowLength, type Series, seriesOf } from './series.js';

export interface Tally {
  /** Each throws Error for a series that is not the owner's, or not of this type. The returned function counts. */
  counter(name: MetricName, labels?: LabelValues): (by?: number) => void;
  /** undefined: there is none. */
  gauge(name: MetricName, labels?: LabelValues): (value: number | undefined) => void;
  histogram(name: MetricName, labels?: LabelValues): (value: number) => void;
  row(): Row;
}

export function createTally(owner: Owner): Tally {
  const values = new Float64Array(rowLength(owner));
  for (const { metric, at } of seriesOf(owner)) if (metric.type === 'gauge') values[at] = Number.NaN;

  function series(type: Metric['type'], name: MetricName, labels: LabelValues): Series {
    const found = findSeries(name, labels);
    if (found.metric.owner === owner && found.metric.type === type) return found;
    throw new Error(`${name} is no ${type} of the ${owner}`);
  }
  function add(at: number, by: number): void {
    values[at] = (values[at] ?? 0) + by;
  }

  return {
    counter(name, labels = {}) {
      const { at } = series('counter', name, labels);
      return (by = 1) => add(at, by);
    },
    gauge(name, labels = {}) {
      const { at } = series('gauge', name, labels);
      return (value) => {
        values[at] = value ?? Number.NaN;
      };
    },
    histogram(name, labels = {}) {
      const { at, length, metric } = series('histogram', name, labels);
      return (value) => {
        let bucket = 0;
        while (bucket < metric.buckets.length && value > (metric.buckets[bucket] ?? 0)) bucket += 1;
        add(at + bucket, 1);
        add(at + length - 1, value);
      };
    },
    row: () => Array.from(values, (value) => (Number.isNaN(value) ? null : value)),
  };
}

/** One function for each value of the only label. */
export function countersBy<const V extends string>(
  tally: Tally,
  name: MetricName,
  label: string,
  values: readonly V[],
): Readonly<Record<V, (by?: number) => void>> {
  return Object.fromEntries(values.map((value) => [value, tally.counter(name, { [label]: value })])) as Record<
    V,
    (by?: number) => void
  >;
}
