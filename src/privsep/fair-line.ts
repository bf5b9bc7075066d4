/** A line in which sources take turns, however many jobs each of them has waiting; in the supervisor. */
import { createTurns } from './turns.js';

/** Where a job stands in line. */
export interface Placed {
  /** Whom it comes from. Sources share the workers alike; jobs without a source are of one together. */
  readonly source?: string;
  /** Of the jobs that have the same, one runs at a time. */
  readonly turn?: string;
}

/** A job waits from add() to remove() or take(), and runs from take() to done(). */
export interface FairLine<J> {
  add(job: J): void;
  /** false: it does not wait. */
  remove(job: J): boolean;
  /**
   * Of the sources with a job that may run, the one with the fewest running is served, among equals the one served longest ago: so one
   * that comes anew is served next, and none is given more than its part of the workers while others could use them. Within a source its
   * users take turns in the same way.
   */
  take(): J | undefined;
  done(job: J): void;
  waiting(): number;
  running(): number;
  /** How many could run now, given workers enough; counted up to `enough`. */
  runnable(enough: number): number;
  jobs(): J[];
}

interface Source<J> {
  running: number;
  /** By turn, the one served longest ago first. */
  readonly waiting: Map<string | undefined, Set<J>>;
}

export function createFairLine<J extends Placed>(): FairLine<J> {
  const sources = new Map<string | undefined, Source<J>>();
  /** Those with as many jobs running as the index says, the one longest there first. */
  const ranks: Set<Source<J>>[] = [];
  const turns = createTurns<Source<J>>();
  let waiting = 0;
  let running = 0;

  const rankOf = (count: number): Set<Source<J>> => {
    ranks[count] ??= new Set();
    return ranks[count];
  };

  function sourceOf(name: string | undefined): Source<J> {
    let source = sources.get(name);
    if (source === undefined) {
      source = { running: 0, waiting: new Map() };
      sources.set(name, source);
      rankOf(0).add(source);
    }
    return source;
  }

  function withdraw(source: Source<J>, job: J): boolean {
    const jobs = source.waiting.get(job.turn);
    if (jobs?.delete(job) !== true) return false;
    waiting -= 1;
    if (jobs.size > 0) return true;
    source.waiting.delete(job.turn);
    turns.forgo(job.turn, source);
    return true;
  }

  function changeRunning(name: string | undefined, source: Source<J>, by: 1 | -1): void {
    running += by;
    rankOf(source.running).delete(source);
    source.running += by;
    rankOf(source.running).add(source);
    forgetIdle(name, source);
  }

  function forgetIdle(name: string | undefined, source: Source<J>): void {
    if (source.running > 0 || source.waiting.size > 0) return;
    rankOf(0).delete(source);
    sources.delete(name);
  }

  /** The job of the source that may run; what cannot for its turn is next to have it. */
  function nextOf(source: Source<J>): J | undefined {
    for (const [turn, jobs] of source.waiting) {
      if (!turns.ask(turn, source)) continue;
      const [job] = jobs;
      return job;
    }
    return undefined;
  }

  function start(source: Source<J>, job: J): void {
    withdraw(source, job);
    turns.take(job.turn, source);
    const others = source.waiting.get(job.turn);
    if (others !== undefined) {
      source.waiting.delete(job.turn);
      source.waiting.set(job.turn, others);
    }
    changeRunning(job.source, source, 1);
  }

  return {
    add(job) {
      const source = sourceOf(job.source);
      const jobs = source.waiting.get(job.turn) ?? new Set();
      source.waiting.set(job.turn, jobs.add(job));
      waiting += 1;
    },
    remove(job) {
      const source = sources.get(job.source);
      if (source === undefined || !withdraw(source, job)) return false;
      forgetIdle(job.source, source);
      return true;
    },
    take() {
      for (const rank of ranks) {
        for (const source of rank) {
          const job = nextOf(source);
          if (job === undefined) continue;
          start(source, job);
          return job;
        }
      }
      return undefined;
    },
    done(job) {
      turns.release(job.turn);
      changeRunning(job.source, sourceOf(job.source), -1);
    },
    waiting: () => waiting,
    running: () => running,
    runnable(enough) {
      const free = new Set<unknown>();
      for (const source of sources.values()) {
        for (const [turn, jobs] of source.waiting) {
          if (free.size >= enough) return enough;
          if (turn === undefined) for (const job of jobs) free.add(job);
          else if (turns.isFree(turn, source)) free.add(turn);
        }
      }
      return Math.min(free.size, enough);
    },
    jobs: () => [...sources.values()].flatMap((source) => [...source.waiting.values()].flatMap((jobs) => [...jobs])),
  };
}
