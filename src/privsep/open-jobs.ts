/** The jobs that one front has open with the PAM workers, each under an id of its own; in the supervisor. */
import { PamhookError } from '../errors.js';
import type { Job, WorkerPool } from './worker-pool.js';

export interface OpenJobs {
  /** Throws ERR_PROTOCOL for an id not larger than the last, and for more jobs than the limit at once. */
  submit(id: number, job: Job): void;
  /** Whether the front still waits for it; from now on it does not. */
  close(id: number): boolean;
  /** Its result may be on its way to the front. Throws ERR_PROTOCOL for more cancellations than there were jobs. */
  cancel(id: number): void;
  /** The front is gone: nobody waits any more. */
  abandon(): void;
}

export function createOpenJobs(pool: WorkerPool, limit: number): OpenJobs {
  const open = new Map<number, Job>();
  let lastId = 0;
  let submitted = 0;
  let cancelled = 0;
  return {
    submit(id, job) {
      if (id <= lastId) throw new PamhookError('ERR_PROTOCOL', 'an id came twice, or late');
      if (open.size >= limit) throw new PamhookError('ERR_PROTOCOL', `more than ${limit} jobs at once: ${job.verb}`);
      open.set(id, job);
      lastId = id;
      submitted += 1;
      pool.submit(job);
    },
    close: (id) => open.delete(id),
    cancel(id) {
      cancelled += 1;
      if (cancelled > submitted) throw new PamhookError('ERR_PROTOCOL', 'more is cancelled than was asked for');
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
