/** What a run of the bench leaves: all that was measured, round by round, as bench/results has it in JSON. */

/** All of a server's, unless said otherwise. */
export const figures = {
  rate: 'requests a second',
  cpu: 'µs of processor time a request, of all its processes',
  p50: 'ms', // Latencies, from the planned start where the rate is fixed.
  p90: 'ms',
  p99: 'ms',
  'p99.9': 'ms',
  memory: 'bytes (PSS) of all its processes',
  duration: 'ms',
  failed: 'requests without the right answer',
} as const;

export type FigureName = keyof typeof figures;

/** One server in one round. */
export type Figures = Readonly<Partial<Record<FigureName, number>>>;

export interface CaseResult {
  /** Stable: goals and comparisons name it. */
  readonly id: string;
  readonly title: string;
  /** By server: `pamhook`, `floor`, peers; each a list of rounds, which were taken in turn. */
  readonly servers: Readonly<Record<string, readonly Figures[]>>;
}

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  readonly kernel: string;
  readonly node: string;
  readonly openssl: string;
}

export interface Result {
  readonly format: 1;
  /** ISO 8601. */
  readonly date: string;
  readonly pamhook: string;
  readonly machine: Machine;
  /** How the daemon was run, in words. */
  readonly conditions: readonly string[];
  /** Seconds of a round; short ones are worth little. */
  readonly seconds: number;
  readonly cases: readonly CaseResult[];
}

export function parseResult(text: string): Result {
  const result: unknown = JSON.parse(text);
  if (typeof result !== 'object' || result === null || !('format' in result) || result.format !== 1) {
    throw new Error('this is no result of the bench, or one of another format');
  }
  return result as Result;
}

/** One figure of one server, round by round; NaN where a round has none. */
export function roundsOf(result: Result, id: string, server: string, figure: FigureName): number[] {
  const found = result.cases.find((each) => each.id === id)?.servers[server] ?? [];
  return found.map((round) => round[figure] ?? Number.NaN);
}
