/** Takes the reviews that the front counted into the audit log, at a rate that no disk minds; one desk for all fronts, in the supervisor. */
import { createEntryBudget } from './entry-budget.js';
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

/** One full frame a second: a front counts for ten seconds, and tells no more than 1,024 pairs of source and reason apart for each answer, 256 of callers, 128 of headers. */
const ENTRIES_PER_SECOND = MAX_REVIEW_ENTRIES;

export function createReviewDesk({ audit, now }: ReviewDeskOptions): ReviewDesk {
  const spend = createEntryBudget({ perSecond: ENTRIES_PER_SECOND, now, what: 'counts of reviews' });
  return {
    take({ entries }, pid) {
      spend(entries.length);
      for (const { answer, reason, source, count } of entries) {
        audit(
          { event: answer === 'header' ? 'header.refused' : `review.${answer}`, reason, source, count },
          'front',
          pid,
        );
      }
    },
  };
}
