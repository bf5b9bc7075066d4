/** The text of `/metrics`: made once from what the supervisor told, however many ask for it, and only while that is recent; in the process for metrics. */
import type { Owner } from '../metrics/catalogue.js';
import type { Row } from '../metrics/series.js';

/** The supervisor tells every second; old numbers would look like a daemon that does nothing. */
const TOLD_FOR = 10_000;

type Rows = Readonly<Record<Owner, Row>>;

export interface MetricsPage {
  update(rows: Rows): void;
  /** undefined: nothing was told lately. */
  text(): Promise<string | undefined>;
}

export interface MetricsPageOptions {
  readonly expose: (rows: Rows) => Promise<string>;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

export function createMetricsPage({ expose, now }: MetricsPageOptions): MetricsPage {
  let told: { readonly rows: Rows; readonly at: number; text?: Promise<string> } | undefined;
  return {
    update(rows) {
      told = { rows, at: now() };
    },
    async text() {
      if (told === undefined || now() - told.at >= TOLD_FOR) return undefined;
      told.text ??= expose(told.rows);
      return told.text;
    },
  };
}
