/** Tells of requests whose user-header was not taken: one line a cause and interval in the log, counts for the audit log; runs in the front. */
import { type HeaderFault, headerFaults, type RefusedHeader } from '../http/user-header.js';
import type { Logger } from '../log/logger.js';
import { createRefusalCounter } from '../log/refusal-counter.js';
import { type FromFront, MAX_REVIEW_ENTRIES } from './protocol.js';

export interface HeaderCounter {
  refused(header: RefusedHeader): void;
  /** Sends what was counted so far. */
  stop(): void;
}

/** Milliseconds between two lines on one cause. */
const INTERVAL = 10_000;
/** Pairs of cause and source that are told apart: few, since anybody can cause them. */
const MOST_KEYS = 128;

/** `now`: milliseconds of a steady clock. */
export function countHeaders(send: (frame: FromFront) => void, log: Logger, now: () => number): HeaderCounter {
  const told = new Map<HeaderFault, number>();
  const counter = createRefusalCounter({
    maxKeys: MOST_KEYS,
    flush(counted) {
      const entries = counted.map(({ reason, source, count }) => ({
        answer: 'header' as const,
        reason,
        source,
        count,
      }));
      for (let from = 0; from < entries.length; from += MAX_REVIEW_ENTRIES) {
        send({ kind: 'reviews', entries: entries.slice(from, from + MAX_REVIEW_ENTRIES) });
      }
    },
  });
  return {
    refused({ fault, source, requestId }) {
      counter.count(fault, source);
      const last = told.get(fault);
      if (last !== undefined && now() - last < INTERVAL) return;
      told.set(fault, now());
      log.warn(`a request with user-header or group-header was refused: ${headerFaults[fault]}`, {
        reason: fault,
        source,
        requestId,
      });
    },
    stop: counter.stop,
  };
}
