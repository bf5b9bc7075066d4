/** Adds up what one process after the other has counted, so that no counter goes down when a process is replaced; in the supervisor. */
import { PamhookError } from '../errors.js';
import type { Owner } from './catalogue.js';
import { type Row, rowLength, seriesOf } from './series.js';

/** By how much one number may rise from row to row: more than the fastest front counts in the seconds after which it is taken for dead. */
const MOST_RISE = 10_000_000;

export interface Totals {
  /** What the running process has counted since its start. Throws ERR_PROTOCOL for a counter that falls, rises too far, or is missing. */
  take(row: Row): void;
  /** The process is gone, and another begins from zero. */
  gone(): void;
  row(): Row;
}

export function createTotals(owner: Owner): Totals {
  const length = rowLength(owner);
  const gauges = new Set(seriesOf(owner).flatMap(({ metric, at }) => (metric.type === 'gauge' ? [at] : [])));
  const totals: (number | null)[] = Array.from({ length }, (_, at) => (gauges.has(at) ? null : 0));
  let last: Row = [];

  function rise(row: Row, at: number): number {
    const by = (row[at] ?? Number.NaN) - (last[at] ?? 0);
    if (by >= 0 && by <= MOST_RISE) return by;
    throw new PamhookError('ERR_PROTOCOL', 'a count that cannot be');
  }

  return {
    take(row) {
      const rises = totals.map((_, at) => (gauges.has(at) ? 0 : rise(row, at)));
      for (const [at, by] of rises.entries()) {
        totals[at] = gauges.has(at) ? (row[at] ?? null) : Math.min(Number.MAX_SAFE_INTEGER, (totals[at] ?? 0) + by);
      }
      last = row;
    },
    gone() {
      for (const at of gauges) totals[at] = null;
      last = [];
    },
    row: () => [...totals],
  };
}
