/** Tells of callers that were turned away from /authenticate: one line a cause and interval in the log, counts for the audit log; runs in the front. */
import { type CallerFault, callerFaults, type RefusedCaller } from '../http/caller.js';
import type { Logger } from '../log/logger.js';
import { onceAnInterval } from '../log/once-an-interval.js';
import { createRefusalCounter } from '../log/refusal-counter.js';
import { type FromFront, MAX_REVIEW_ENTRIES } from './protocol.js';

export interface CallerCounter {
  refused(caller: RefusedCaller): void;
  /** Sends what was counted so far. */
  stop(): void;
}

/** Pairs of cause and source that are told apart: few, since anybody can cause them. */
const MOST_KEYS = 256;

/** `now`: milliseconds of a steady clock. */
export function countCallers(send: (frame: FromFront) => void, log: Logger, now: () => number): CallerCounter {
  const mayTell = onceAnInterval<CallerFault>(now);
  const counter = createRefusalCounter({
    maxKeys: MOST_KEYS,
    flush(counted) {
      const entries = counted.map(({ reason, source, count }) => ({
        answer: 'unauthorized' as const,
        reason,
        source,
        count,
      }));
      for (let from = 0; from < entries.length; from += MAX_REVIEW_ENTRIES) {
        send({ kind: 'reviews', entries: entries.slice(from, from + MAX_REVIEW_ENTRIES) });
      }
    },
  });

  /** The first at once: whoever sets this up looks at the log at that moment. */
  function tell({ fault, source, requestId, commonName }: RefusedCaller): void {
    const unsaid = mayTell(fault);
    if (unsaid === undefined) return;
    log.warn(`a caller of /authenticate was refused for its client certificate: ${callerFaults[fault]}`, {
      reason: fault,
      source,
      requestId,
      ...(commonName === undefined ? {} : { commonName }),
      ...unsaid,
    });
  }

  return {
    refused(caller) {
      counter.count(caller.fault, caller.source);
      tell(caller);
    },
    stop: counter.stop,
  };
}
