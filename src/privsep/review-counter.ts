/** Counts reviews that were not answered with yes, and sends the counts to the supervisor for the audit log; runs in the front. */
import type { ReviewOutcome } from '../http/authenticate.js';
import { type CountedRefusals, createRefusalCounter } from '../log/refusal-counter.js';
import { type FromFront, MAX_REVIEW_ENTRIES } from './protocol.js';

export interface ReviewCounter {
  count(outcome: ReviewOutcome): void;
  /** Sends what was counted so far. */
  stop(): void;
}

export function countReviews(send: (frame: FromFront) => void): ReviewCounter {
  const flushAs = (answer: 'refused' | 'unavailable') => (counted: readonly CountedRefusals[]) => {
    const entries = counted.map(({ reason, source, count }) => ({ answer, reason, source, count }));
    for (let from = 0; from < entries.length; from += MAX_REVIEW_ENTRIES) {
      send({ kind: 'reviews', entries: entries.slice(from, from + MAX_REVIEW_ENTRIES) });
    }
  };
  const refused = createRefusalCounter({ flush: flushAs('refused') });
  const unavailable = createRefusalCounter({ flush: flushAs('unavailable') });
  return {
    count(outcome) {
      if (outcome.answer === 'no') refused.count(outcome.refusal, outcome.source);
      else if (outcome.answer === 'unavailable') unavailable.count(outcome.code, outcome.source);
    },
    stop() {
      refused.stop();
      unavailable.stop();
    },
  };
}
