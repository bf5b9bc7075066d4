/** Medians, spreads, percentiles and ratios of what was measured in rounds. */

export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Of numbers only; undefined without any. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const numbers = values.filter(Number.isFinite);
  if (numbers.length === 0) return undefined;
  return { median: median(numbers), low: Math.min(...numbers), high: Math.max(...numbers) };
}

/** One to the other, round by round: what disturbed the machine in a round disturbed both. */
export function ratios(ones: readonly number[], others: readonly number[]): number[] {
  return ones.slice(0, others.length).map((one, round) => one / (others[round] ?? Number.NaN));
}

/** The smallest value that so large a share of all does not exceed (nearest rank); `sorted`: in rising order. */
export function percentile(sorted: readonly number[], share: number): number {
  const rank = Math.ceil(share * sorted.length);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1] ?? Number.NaN;
}
