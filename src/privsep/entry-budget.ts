/** How much fronts may send of what they have counted, so that no captured one fills the audit log; in the supervisor. */
import { PamhookError } from '../errors.js';

/** As many seconds' entries may come together: the supervisor may have been held up meanwhile. */
const SECONDS = 100;

export interface EntryBudgetOptions {
  readonly perSecond: number;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
  /** Of what there were too many. */
  readonly what: string;
}

/** The returned function takes the length of a frame. Throws ERR_PROTOCOL for more than fronts can have counted. */
export function createEntryBudget({ perSecond, now, what }: EntryBudgetOptions): (entries: number) => void {
  const most = perSecond * SECONDS;
  let left = most;
  let asOf = now();
  return (entries) => {
    const time = now();
    // A frame without entries costs the supervisor something too.
    left = Math.min(most, left + ((time - asOf) / 1000) * perSecond) - Math.max(1, entries);
    asOf = time;
    if (left < 0) throw new PamhookError('ERR_PROTOCOL', `more ${what} than there can be`);
  };
}
