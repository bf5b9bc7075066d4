/** The jobs that one front has open with the PAM workers, each under an id of its own; in the supervisor. */
import { PamhookError } from '../errors.js';
import type { Job, WorkerPool } from './worker-pool.js';

export interface OpenJobs {
  /** Throws ERR_PROTOCOL for one id twice and for more than the limit at once. */
  submit(id: number, job: Job): void;
  /** Whether the front still waits for it; from now on it does not. */
  close(id: number): boolean;
  cancel(id: number): void;
  /** The front is gone: nobody waits any more. */
  abandon(): void;
}

export function createOpenJobs(pool: WorkerPool, limit: number): OpenJobs {
  const open = new Map<number, Job>();
  return {
    submit(id, job) {
      if (open.has(id)) throw new PamhookError('ERR_PROTOCOL', 'an id came twice');
      if (open.size >= limit) throw new PamhookError('ERR_PROTOCOL', `more than ${limit} jobs at once: ${job.verb}`);
      open.set(id, job);
      pool.submit(job);
    },
    close: (id) => open.delete(id),
    cancel(id) {
      const job = open.get(id);
      if (job !== undefined) pool.cancel(job);
    },
    abandon() {
      const jobs = [...open.values()];
      open.clear();
      for (const job of jobs) pool.cancel(job);
    },
  };
}
