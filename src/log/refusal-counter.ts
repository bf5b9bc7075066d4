/** Counts refused or failed reviews, so that a flood of them makes a few lines and not a flood of lines; used by the front. */
import { type Counted, createIntervalCounter, type IntervalCounterOptions } from './interval-counter.js';

interface Refusal {
  readonly reason: string;
  /** The numeric address of the client, or `other` for those beyond the bound of kept keys. */
  readonly source: string;
}

export type CountedRefusals = Counted<Refusal>;

export interface RefusalCounterOptions extends Omit<IntervalCounterOptions<Refusal>, 'keyFor' | 'flush'> {
  /** Gets one entry a reason and source. When it throws, the counts are kept for the next time. */
  readonly flush: (entries: readonly CountedRefusals[]) => void;
  /** Most pairs of reason and source that are kept apart. */
  readonly maxKeys?: number;
}

export interface RefusalCounter {
  /** `reason`: of a closed list, never text of a client. */
  count(reason: string, source: string): void;
  /** Flushes what was counted and ends the timer. What is counted later is flushed by the next `stop`. */
  stop(): void;
}

const OTHER = 'other';

export function createRefusalCounter({ maxKeys = 1024, flush, ...options }: RefusalCounterOptions): RefusalCounter {
  const counter = createIntervalCounter<Refusal>({
    ...options,
    flush(entries) {
      flush(entries);
      return undefined;
    },
    // The reasons are few: sources beyond the bound share one key each reason.
    keyFor: (refusal, kept) =>
      kept.size < maxKeys || kept.has(refusal) ? refusal : { reason: refusal.reason, source: OTHER },
  });
  return {
    count: (reason, source) => counter.count({ reason, source }),
    stop: counter.stop,
  };
}
