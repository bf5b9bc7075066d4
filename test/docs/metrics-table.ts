/** The table of metrics in docs/metrics.md. */
import { type Metric, metricEntries } from '#src/metrics/catalogue.js';

/** Values that differ from one build to the next. */
const FREE = new Set(['version', 'node']);
/** So many values are named; the error codes have a page of their own. */
const MOST_NAMED = 8;

export function metricsTable(): string {
  const rows = metricEntries.map(
    ([name, metric]) => `| \`${name}\` | ${metric.type} | ${labels(metric)} | ${metric.help} |`,
  );
  return ['| metric | type | labels | what it tells |', '|---|---|---|---|', ...rows].join('\n');
}

function labels(metric: Metric): string {
  return Object.entries(metric.labels)
    .map(([label, values]) => `\`${label}\`${valuesOf(label, values)}`)
    .join('; ');
}

function valuesOf(label: string, values: readonly string[]): string {
  if (FREE.has(label)) return '';
  if (values.length > MOST_NAMED) return ': an [error code](error-codes.md)';
  return `: ${values.map((value) => `\`${value}\``).join(', ')}`;
}
