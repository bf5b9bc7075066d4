/** What waits for a PAM worker, logins, users whom a proxy named and account checks, and which of them is served; in the supervisor. */
import { createFairLine, type FairLine, type Placed } from './fair-line.js';
import type { ToWorker } from './protocol.js';

/** What a worker can be asked to do. */
export type Verb = Extract<ToWorker['kind'], 'issue' | 'vouch' | 'check-account'>;

/** Most workers that each verb may hold at a time. */
export type Shares = Readonly<Record<Verb, number>>;

export interface Waiting extends Placed {
  readonly verb: Verb;
}

/**
 * Neither kind can take all workers from the others, however many come and however long each takes: account checks and users whom a proxy
 * named get half of them, logins, which hash passwords, all but one. A single worker serves all in turn.
 */
export function sharesOf(workers: number, accountChecks: boolean, vouching = false): Shares {
  const half = Math.max(1, Math.floor(workers / 2));
  return {
    issue: accountChecks || vouching ? Math.max(1, workers - 1) : workers,
    vouch: vouching ? half : 0,
    'check-account': accountChecks ? half : 0,
  };
}

/** A job runs from take() to done(). */
export interface JobQueue<J> {
  /** false: as many of its verb wait as may. */
  add(job: J): boolean;
  /** false: it does not wait. */
  remove(job: J): boolean;
  /** Of the verb served longest ago that has a worker left to it: whose turn it is in its line. */
  take(): J | undefined;
  done(job: J): void;
  /** How many could run now, given workers enough. */
  runnable(): number;
  /** All that wait. */
  jobs(): J[];
}

/** `length`: of each verb, most that wait. */
export function createJobQueue<J extends Waiting>(shares: Shares, length: number): JobQueue<J> {
  const lines: Readonly<Record<Verb, FairLine<J>>> = {
    issue: createFairLine(),
    vouch: createFairLine(),
    'check-account': createFairLine(),
  };
  let verbs: readonly Verb[] = ['issue', 'vouch', 'check-account'];
  const workersLeft = (verb: Verb) => shares[verb] - lines[verb].running();

  return {
    add(job) {
      const line = lines[job.verb];
      if (line.waiting() >= length) return false;
      line.add(job);
      return true;
    },
    remove: (job) => lines[job.verb].remove(job),
    take() {
      for (const verb of verbs) {
        const job = workersLeft(verb) > 0 ? lines[verb].take() : undefined;
        if (job === undefined) continue;
        verbs = [...verbs.filter((other) => other !== verb), verb];
        return job;
      }
      return undefined;
    },
    done: (job) => lines[job.verb].done(job),
    runnable: () => verbs.reduce((sum, verb) => sum + lines[verb].runnable(workersLeft(verb)), 0),
    jobs: () => verbs.flatMap((verb) => lines[verb].jobs()),
  };
}
