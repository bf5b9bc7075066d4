/** When a refused login is answered: at a time that does not tell why it was refused; a timer of the front, no worker's. */

/** Resolves after `milliseconds`; rejects when the signal aborts, and frees its timer. */
export type Sleep = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/**
 * Milliseconds still to wait, `elapsed` after the transaction began, until `delay` is over; if it is over already,
 * until its next whole multiple, so that a slow module's refusals come no more finely divided than a quick one's.
 */
export function remainingDelay(elapsed: number, delay: number): number {
  if (delay <= 0) return 0;
  return Math.max(1, Math.ceil(elapsed / delay)) * delay - Math.max(elapsed, 0);
}
