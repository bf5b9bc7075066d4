/** Counts refused or failed reviews, so that a flood of them makes a few lines and not a flood of lines; used by the front. */

export interface CountedRefusals {
  readonly reason: string;
  /** The numeric address of the client, or `other` for those beyond the bound of kept keys. */
  readonly source: string;
  readonly count: number;
  /** When the first of them was counted, milliseconds since the epoch. */
  readonly since: number;
}

export interface RefusalCounterOptions {
  /** Gets one entry a reason and source. When it throws, the counts are kept for the next time. */
  readonly flush: (entries: readonly CountedRefusals[]) => void;
  /** Milliseconds from the first refusal to the flush. */
  readonly interval?: number;
  /** Most pairs of reason and source that are kept apart. */
  readonly maxKeys?: number;
  /** Calls back once, unless the returned function is called before. */
  readonly setTimer?: (callback: () => void, milliseconds: number) => () => void;
  readonly now?: () => number;
}

export interface RefusalCounter {
  /** `reason`: of a closed list, never text of a client. */
  count(reason: string, source: string): void;
  /** Flushes what was counted and ends the timer. What is counted later is flushed by the next `stop`. */
  stop(): void;
}

const OTHER = 'other';

export function createRefusalCounter({
  flush,
  interval = 10_000,
  maxKeys = 1024,
  setTimer = unreferencedTimer,
  now = Date.now,
}: RefusalCounterOptions): RefusalCounter {
  const counts = new Map<string, { reason: string; source: string; count: number; since: number }>();
  let cancel: (() => void) | undefined;
  let stopped = false;

  const flushAll = () => {
    cancel = undefined;
    if (counts.size === 0) return;
    try {
      flush([...counts.values()]);
      counts.clear();
    } catch {
      startTimer();
    }
  };
  const startTimer = () => {
    if (!stopped) cancel ??= setTimer(flushAll, interval);
  };
  return {
    count(reason, source) {
      const isKept = counts.size < maxKeys || counts.has(keyOf(reason, source));
      // The reasons are few: sources beyond the bound share one key each reason.
      const from = isKept ? source : OTHER;
      const entry = counts.get(keyOf(reason, from)) ?? { reason, source: from, count: 0, since: now() };
      entry.count++;
      counts.set(keyOf(reason, from), entry);
      startTimer();
    },
    stop() {
      stopped = true;
      cancel?.();
      flushAll();
    },
  };
}

function keyOf(reason: string, source: string): string {
  return `${reason}\n${source}`;
}

/** Does not keep the process alive. */
function unreferencedTimer(callback: () => void, milliseconds: number): () => void {
  const timer = setTimeout(callback, milliseconds);
  timer.unref();
  return () => clearTimeout(timer);
}
