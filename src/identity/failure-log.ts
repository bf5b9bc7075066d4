/** What the operator's log says of a user database that fails: when it begins, and when it is over; in the front. */
import type { Logger } from '../log/logger.js';

/** Milliseconds without a failure after which it counts as over: some users may be answered while others are not. */
const QUIET = 60_000;

export interface FailureLog {
  failed(error: unknown): void;
  answered(): void;
}

/** `now`: milliseconds of a steady clock. */
export function createFailureLog(log: Logger, now: () => number): FailureLog {
  let lastFailure: number | undefined;
  return {
    failed(error) {
      if (lastFailure === undefined)
        log.warn('the user database fails; recent answers serve where there are any', { error });
      lastFailure = now();
    },
    answered() {
      if (lastFailure === undefined || now() - lastFailure < QUIET) return;
      lastFailure = undefined;
      log.info('the user database has not failed for a minute');
    },
  };
}
