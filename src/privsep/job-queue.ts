/** What waits for a PAM worker, logins and account checks, and whose turn it is; in the supervisor. */
import type { ToWorker } from './protocol.js';

/** What a worker can be asked to do. */
export type Verb = Extract<ToWorker['kind'], 'issue' | 'check-account'>;

/** Most workers that each verb may hold at a time. */
export type Shares = Readonly<Record<Verb, number>>;

/** What waits: jobs of one turn run one after the other, those without run side by side. */
export interface Waiting {
  readonly verb: Verb;
  readonly turn?: string;
}

/**
 * Neither kind can take all workers from the other, however many come and however long each takes: account checks get half of them,
 * logins, which hash passwords, all but one. A single worker serves both in turn.
 */
export function sharesOf(workers: number, accountChecks: boolean): Shares {
  if (!accountChecks) return { issue: workers, 'check-account': 0 };
  return { issue: Math.max(1, workers - 1), 'check-account': Math.max(1, Math.floor(workers / 2)) };
}

/** `running`: the jobs that workers have now. */
export interface JobQueue<J> {
  /** false: as many of its verb wait as may. */
  add(job: J): boolean;
  /** false: it does not wait. */
  remove(job: J): boolean;
  /** Whose turn it is: the oldest that may run of the verb served longest ago that has a worker left to it. */
  take(running: readonly J[]): J | undefined;
  /** How many could run now, given workers enough. */
  runnable(running: readonly J[]): number;
  /** All that wait. */
  jobs(): J[];
}

/** `length`: of each verb, most that wait. */
export function createJobQueue<J extends Waiting>(shares: Shares, length: number): JobQueue<J> {
  const waiting: Readonly<Record<Verb, Set<J>>> = { issue: new Set(), 'check-account': new Set() };
  let verbs: readonly Verb[] = ['issue', 'check-account'];

  function runnable(verb: Verb, running: readonly J[]): readonly J[] {
    const share = shares[verb] - running.filter((job) => job.verb === verb).length;
    const taken = new Set(running.map(({ turn }) => turn));
    const jobs: J[] = [];
    for (const job of waiting[verb]) {
      if (jobs.length >= share) break;
      if (job.turn !== undefined && taken.has(job.turn)) continue;
      taken.add(job.turn);
      jobs.push(job);
    }
    return jobs;
  }

  return {
    add(job) {
      if (waiting[job.verb].size >= length) return false;
      waiting[job.verb].add(job);
      return true;
    },
    remove: (job) => waiting[job.verb].delete(job),
    take(running) {
      for (const verb of verbs) {
        const [job] = runnable(verb, running);
        if (job === undefined) continue;
        verbs = [...verbs.filter((other) => other !== verb), verb];
        waiting[verb].delete(job);
        return job;
      }
      return undefined;
    },
    runnable: (running) => verbs.reduce((sum, verb) => sum + runnable(verb, running).length, 0),
    jobs: () => verbs.flatMap((verb) => [...waiting[verb]]),
  };
}
