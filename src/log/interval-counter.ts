/** Counts events by key over an interval, so that a flood of them makes a few lines and not a flood of lines; used by front and supervisor. */

export type Counted<K> = K & {
  readonly count: number;
  /** When the first of them was counted, milliseconds since the epoch. */
  readonly since: number;
};

/** The keys counted in the interval so far. */
export interface KeptKeys<K> extends Iterable<K> {
  readonly size: number;
  has(key: K): boolean;
}

export interface IntervalCounterOptions<K> {
  /** Under which key one is counted: its own, or a wider one where there is no room. All its answers together must be bounded. */
  readonly keyFor: (key: K, kept: KeptKeys<K>) => K;
  /** Gets one entry a key. Those that it returns are kept for the next time, and all when it throws. */
  readonly flush: (entries: readonly Counted<K>[]) => readonly Counted<K>[] | undefined;
  /** Milliseconds from the first event to the flush. */
  readonly interval?: number;
  /** Calls back once, unless the returned function is called before. */
  readonly setTimer?: (callback: () => void, milliseconds: number) => () => void;
  readonly now?: () => number;
}

export interface IntervalCounter<K> {
  count(key: K): void;
  /** Flushes what was counted and ends the timer. What is counted later is flushed by the next `stop`. */
  stop(): void;
}

interface Entry<K> {
  readonly key: K;
  count: number;
  readonly since: number;
}

/** `K`: an object of strings, its members always in one order. */
export function createIntervalCounter<K extends object>({
  keyFor,
  flush,
  interval = 10_000,
  setTimer = unreferencedTimer,
  now = Date.now,
}: IntervalCounterOptions<K>): IntervalCounter<K> {
  const counts = new Map<string, Entry<K>>();
  /** A flood is one and the same again and again. */
  let last: { readonly wanted: K; readonly entry: Entry<K> } | undefined;
  const kept: KeptKeys<K> = {
    get size() {
      return counts.size;
    },
    has: (key) => counts.has(JSON.stringify(key)),
    *[Symbol.iterator]() {
      for (const { key } of counts.values()) yield key;
    },
  };
  let cancel: (() => void) | undefined;
  let stopped = false;

  const flushAll = () => {
    cancel = undefined;
    last = undefined;
    if (counts.size === 0) return;
    const all = [...counts];
    const entries = all.map(([, { key, count, since }]) => ({ ...key, count, since }));
    const left = new Set(undelivered(entries, flush));
    for (const [index, [name]] of all.entries()) if (!left.has(entries[index] as Counted<K>)) counts.delete(name);
    if (counts.size > 0) startTimer();
  };
  const startTimer = () => {
    if (!stopped) cancel ??= setTimer(flushAll, interval);
  };
  return {
    count(wanted) {
      if (last !== undefined && haveSameMembers(wanted, last.wanted)) {
        last.entry.count++;
        return;
      }
      const key = keyFor(wanted, kept);
      const name = JSON.stringify(key);
      const entry = counts.get(name) ?? { key, count: 0, since: now() };
      entry.count++;
      counts.set(name, entry);
      last = { wanted, entry };
      startTimer();
    },
    stop() {
      stopped = true;
      cancel?.();
      flushAll();
    },
  };
}

function haveSameMembers<K extends object>(left: K, right: K): boolean {
  for (const name in left) if (left[name] !== right[name]) return false;
  for (const name in right) if (!(name in left)) return false;
  return true;
}

function undelivered<E>(entries: readonly E[], flush: (entries: readonly E[]) => readonly E[] | undefined) {
  try {
    return flush(entries);
  } catch {
    return entries;
  }
}

/** Does not keep the process alive. */
function unreferencedTimer(callback: () => void, milliseconds: number): () => void {
  const timer = setTimeout(callback, milliseconds);
  timer.unref();
  return () => clearTimeout(timer);
}
