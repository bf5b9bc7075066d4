/** What became of requests, counted by kind: in each load generator, and summed up in the soak. */

/**
 * `expected` is right whatever the state of the daemon; `throttled`, `unavailable`, `cut off` and `timed out` say that it could not serve; a
 * `wrong` answer is never to come: a yes for a no, a no for a yes, or an answer to something else.
 */
export const kinds = ['expected', 'throttled', 'unavailable', 'cut off', 'timed out', 'wrong'] as const;
export type Kind = (typeof kinds)[number];

/** By phase of the soak. */
export type Counts = Record<string, Partial<Record<Kind, number>>>;

/** Wrong answers that are told in full. */
const MOST_TOLD = 20;

export class Tally {
  readonly counts: Counts = {};
  readonly told: string[] = [];

  add(phase: string, kind: Kind, about?: string): void {
    const counts = this.counts[phase] ?? {};
    this.counts[phase] = counts;
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (kind === 'wrong' && this.told.length < MOST_TOLD) this.told.push(`${phase}: ${about}`);
  }
}

/** Of the phases for which `wanted` holds. */
export function sum(counts: Counts, wanted: (phase: string) => boolean = () => true): Record<Kind, number> {
  const total = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>;
  for (const [phase, each] of Object.entries(counts)) {
    if (wanted(phase)) for (const kind of kinds) total[kind] += each[kind] ?? 0;
  }
  return total;
}
