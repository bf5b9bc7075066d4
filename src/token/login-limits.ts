/** Limits on guessing passwords: what may be tried at all, decided by the supervisor before a login reaches PAM. */

/** Both are keys already: the account as PAM sees it, however it was spelt; the network that counts as one source. */
export interface LoginAttempt {
  readonly account: string;
  readonly source: string;
}

/**
 * How an admitted attempt ended. `failed`: wrong, or a further response was missing. `neutral`: it says nothing of the password, since
 * it could not be checked (503) or never was, or the password was right and the account refused all the same.
 */
export type AttemptOutcome = 'failed' | 'succeeded' | 'neutral';

export type Admission =
  | {
      readonly admitted: true;
      /** To be called once, however the attempt ends: until then it counts as failed, or guesses made side by side would slip through. */
      settle(outcome: AttemptOutcome): void;
    }
  | {
      readonly admitted: false;
      /** Milliseconds, more than 0. */
      readonly retryAfter: number;
    };

export interface LoginLimits {
  admit(attempt: LoginAttempt): Admission;
}

/** Durations are milliseconds. */
export interface LimitRule {
  /** Of one account from one source, before the waits begin. */
  readonly freeFailures: number;
  /** The longest wait; the first is a second, and each is twice the one before. */
  readonly maxWait: number;
  /** Of one account from one source. */
  readonly failuresPerHour: number;
  /** Of all accounts from one source, before the waits begin. */
  readonly sourceFreeFailures: number;
  readonly sourceFailuresPerHour: number;
}

/** For `login-limits off`. */
export const unlimited: LoginLimits = { admit: () => ({ admitted: true, settle() {} }) };
