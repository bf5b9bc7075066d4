/** The rows of numbers as Prometheus reads them; in the process that serves them. */
import { AggregatorRegistry, prometheusContentType } from 'prom-client';
import { type Metric, type MetricName, metricEntries, type Owner } from './catalogue.js';
import { type Row, type Series, seriesOf } from './series.js';

/** What is to be sent as Content-Type. */
export const contentType: string = prometheusContentType;

interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** A registry of its own: nothing of this process gets in. */
export function expose(rows: Readonly<Record<Owner, Row>>): Promise<string> {
  const described = metricEntries.map(([name, metric]) => describe(name, metric, rows[metric.owner]));
  return AggregatorRegistry.aggregate([described.filter(({ values }) => values.length > 0)]).metrics();
}

function describe(name: MetricName, { owner, type, help }: Metric, row: Row) {
  const ofMetric = seriesOf(owner).filter((series) => series.name === name);
  const values = ofMetric.flatMap((series) => valuesOf(series, row.slice(series.at, series.at + series.length)));
  return { name, help, type, aggregator: 'sum', values };
}

function valuesOf({ name, metric, labels }: Series, numbers: Row): Value[] {
  if (metric.type === 'histogram') return histogramOf(name, metric.buckets, labels, numbers);
  const [value = null] = numbers;
  return value === null ? [] : [{ metricName: name, labels, value }];
}

function histogramOf(name: string, bounds: readonly number[], labels: Series['labels'], numbers: Row): Value[] {
  let count = 0;
  const buckets = [...bounds, '+Inf'].map((le, at) => {
    count += numbers[at] ?? 0;
    return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
  });
  const sum = numbers.at(-1) ?? 0;
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
