/** The jobs that one front has open with the PAM workers, each under an id of its own; in the supervisor. */
import { PamhookError } from '../errors.js';
import type { Job, WorkerPool } from './worker-pool.js';

export interface OpenJobs {
  /** Takes the id for a job that comes later. Throws ERR_PROTOCOL for an id not larger than the last, and for more than the limit at once. */
  reserve(id: number, verb: Job['verb']): void;
  /** The job of a reserved id; answered ERR_LOGIN_QUEUE_FULL when nobody waits for it any more. */
  submit(id: number, job: Job): void;
  /** Whether the front still waits for it; from now on it does not. */
  close(id: number): boolean;
  /** Its result may be on its way to the front. Throws ERR_PROTOCOL for more cancellations than there were jobs. */
  cancel(id: number): void;
  /** The front is gone: nobody waits any more. */
  abandon(): void;
}

export function createOpenJobs(pool: WorkerPool, limit: number): OpenJobs {
  const open = new Map<number, Job | 'reserved' | 'cancelled'>();
  let lastId = 0;
  let reserved = 0;
  let cancelled = 0;
  return {
    reserve(id, verb) {
      if (id <= lastId) throw new PamhookError('ERR_PROTOCOL', 'an id came twice, or late');
      if (open.size >= limit) throw new PamhookError('ERR_PROTOCOL', `more than ${limit} jobs at once: ${verb}`);
      open.set(id, 'reserved');
      lastId = id;
      reserved += 1;
    },
    submit(id, job) {
      if (open.get(id) !== 'reserved') {
        job.finish({ unavailable: 'ERR_LOGIN_QUEUE_FULL', elapsed: 0 });
        return;
      }
      open.set(id, job);
      pool.submit(job);
    },
    close: (id) => open.delete(id),
    cancel(id) {
      cancelled += 1;
      if (cancelled > reserved) throw new PamhookError('ERR_PROTOCOL', 'more is cancelled than was asked for');
      const job = open.get(id);
      if (job === 'reserved') open.set(id, 'cancelled');
      else if (typeof job === 'object') pool.cancel(job);
    },
    abandon() {
      const jobs = [...open.values()];
      open.clear();
      for (const job of jobs) if (typeof job === 'object') pool.cancel(job);
    },
  };
}
