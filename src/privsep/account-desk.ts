/** Takes account checks from the front to the PAM workers and the answers back; one desk for each front, in the supervisor. */
import { createOpenJobs } from './open-jobs.js';
import type { AccountResultFrame, CheckAccountFrame, ToFront } from './protocol.js';
import type { JobResult, WorkerPool } from './worker-pool.js';

export interface AccountDesk {
  /** One check of the front, answered once. Throws ERR_PROTOCOL for one id twice and for more than `limit` at once. */
  take(frame: CheckAccountFrame): void;
  /** The front is gone: nobody waits for its answers any more. */
  abandon(): void;
}

export interface AccountDeskOptions {
  readonly pool: WorkerPool;
  /** Checks the front may have open; 0: none, since the operator did not ask for any. */
  readonly limit: number;
  readonly answer: (frame: ToFront) => void;
}

export function createAccountDesk({ pool, limit, answer }: AccountDeskOptions): AccountDesk {
  const open = createOpenJobs(pool, limit);
  return {
    take({ id, username }) {
      open.reserve(id, 'check-account');
      open.submit(id, {
        verb: 'check-account',
        about: { user: username },
        frame: (jobId) => ({ kind: 'check-account', id: jobId, username }),
        finish(outcome: JobResult<'check-account'>) {
          if (open.close(id)) answer(resultOf(id, outcome));
        },
      });
    },
    abandon: open.abandon,
  };
}

function resultOf(id: number, outcome: JobResult<'check-account'>): AccountResultFrame {
  if ('unavailable' in outcome)
    return { kind: 'account-result', id, outcome: 'unavailable', code: outcome.unavailable };
  return { ...outcome.result, kind: 'account-result', id };
}
