/** Takes the reviews that the front counted into the audit log, at a rate that no disk minds; one desk for all fronts, in the supervisor. */
import { PamhookError } from '../errors.js';
import type { Audit } from './login-desk.js';
import { MAX_REVIEW_ENTRIES, type ReviewsFrame } from './protocol.js';

export interface ReviewDesk {
  /** From the front of this pid. Throws ERR_PROTOCOL for more entries than fronts can have counted, and what `audit` throws. */
  take(frame: ReviewsFrame, pid: number): void;
}

export interface ReviewDeskOptions {
  readonly audit: Audit;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

/** One full frame a second: a front counts for ten seconds, and tells no more than 1,024 pairs of source and reason apart for each answer. */
const ENTRIES_PER_SECOND = MAX_REVIEW_ENTRIES;

/** As many seconds' entries may come together: the supervisor may have been held up meanwhile. */
const SECONDS = 100;

export function createReviewDesk({ audit, now }: ReviewDeskOptions): ReviewDesk {
  const most = ENTRIES_PER_SECOND * SECONDS;
  let left = most;
  let asOf = now();

  function spend(entries: number): void {
    const time = now();
    left = Math.min(most, left + ((time - asOf) / 1000) * ENTRIES_PER_SECOND) - entries;
    asOf = time;
    if (left < 0) throw new PamhookError('ERR_PROTOCOL', 'more counts of reviews than there can be');
  }

  return {
    take({ entries }, pid) {
      // One without entries costs the supervisor something too.
      spend(Math.max(1, entries.length));
      for (const { answer, reason, source, count } of entries) {
        audit({ event: `review.${answer}`, reason, source, count }, 'front', pid);
      }
    },
  };
}
