/** Limits on guessing passwords: what may be tried at all, decided by the supervisor before a login reaches PAM. */
import { createHmac, randomBytes } from 'node:crypto';
import {
  type AttemptLog,
  addAttempt,
  attemptTimes,
  clearAccount,
  countAttempts,
  forgetAttempts,
  giveBackAttempt,
  latestAttempt,
  NO_ACCOUNT,
} from './attempt-log.js';

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

export interface LoginLimitsOptions {
  readonly rule: LimitRule;
  /** Milliseconds of a steady clock: the time of day could be set. */
  readonly now: () => number;
  readonly capacity?: Capacity;
}

/** What is remembered at most; beyond, the source whose last counted attempt is longest ago is forgotten. */
export interface Capacity {
  readonly sources: number;
  /** Of all sources together. */
  readonly attempts: number;
}

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/**
 * 65,536 sources are all that an IPv6 /48 has; 1,048,576 attempts an hour are 291 failed PAM transactions a second.
 * Full, they take about 40 MB.
 */
export const defaultCapacity: Capacity = { sources: 65_536, attempts: 1_048_576 };

/**
 * An attempt is kept with its source for an hour, and what an account has used up is counted among the attempts of the source: names without
 * end push nothing out, since each is one more attempt and the source has only so many. Only other sources can push a source out, each by an
 * attempt of its own, and as many of them as there are places: whoever commands so many needs no forgetting.
 */
export function createLoginLimits({ rule, now, capacity = defaultCapacity }: LoginLimitsOptions): LoginLimits {
  /** The one longest without a counted attempt first. */
  const sources = new Map<string, AttemptLog>();
  /** Attempts whose end is still to come, with the account that they count for now. */
  const underWay = new Set<{ readonly log: AttemptLog; account: number }>();
  const digest = createDigest();
  let attempts = 0;

  /** Keeps count of what a change adds or takes away. */
  function change(source: string, log: AttemptLog, how: (log: AttemptLog) => void): void {
    // Forgotten meanwhile: an attempt under way when it was.
    if (sources.get(source) !== log) return;
    attempts -= countAttempts(log);
    how(log);
    attempts += countAttempts(log);
    if (log.length === 0) sources.delete(source);
  }

  function forget(source: string, log: AttemptLog): void {
    attempts -= countAttempts(log);
    sources.delete(source);
  }

  function makeRoom(time: number): void {
    for (const [source, log] of sources) {
      const full = sources.size > capacity.sources || attempts > capacity.attempts;
      if (!full && latestAttempt(log) > time - HOUR) return;
      forget(source, log);
    }
  }

  function count(source: string, log: AttemptLog, time: number, account: number): void {
    sources.delete(source);
    sources.set(source, log);
    change(source, log, () => addAttempt(log, time, account));
    makeRoom(time);
  }

  /** What is under way is cleared too: to be given back later, it must be found as what it is by then. */
  function clear(log: AttemptLog, account: number): void {
    clearAccount(log, account);
    for (const other of underWay) if (other.log === log && other.account === account) other.account = NO_ACCOUNT;
  }

  return {
    admit(attempt) {
      const time = now();
      const account = digest(attempt.account);
      const log = sources.get(attempt.source) ?? [];
      change(attempt.source, log, () => forgetAttempts(log, time - HOUR));
      const retryAfter = Math.max(
        waitAfter(attemptTimes(log, account), rule.freeFailures, rule.failuresPerHour, rule.maxWait, time),
        waitAfter(attemptTimes(log), rule.sourceFreeFailures, rule.sourceFailuresPerHour, rule.maxWait, time),
      );
      if (retryAfter > 0) return { admitted: false, retryAfter };
      count(attempt.source, log, time, account);
      const own = { log, account };
      underWay.add(own);
      return {
        admitted: true,
        settle(outcome) {
          underWay.delete(own);
          if (outcome === 'failed') return;
          change(attempt.source, log, () => giveBackAttempt(log, time, own.account));
          // The others stay with the source: one account of one's own must not buy more guesses at those of others.
          if (outcome === 'succeeded') clear(log, account);
        },
      };
    },
  };
}

/** Milliseconds until one more may be tried, after failures at these times of the last hour. */
function waitAfter(times: readonly number[], free: number, perHour: number, maxWait: number, now: number): number {
  const count = times.length;
  const oldest = times[count - perHour];
  const spent = oldest === undefined ? now : oldest + HOUR;
  const latest = times[count - 1];
  const eased = latest === undefined || count < free ? now : latest + Math.min(SECOND * 2 ** (count - free), maxWait);
  return Math.ceil(Math.max(spent, eased) - now);
}

/** A number of 48 bits for a name of any length: keyed, so that nobody can choose two names with one number. */
function createDigest(): (name: string) => number {
  const key = randomBytes(32);
  return (name) => 1 + createHmac('sha256', key).update(name).digest().readUIntBE(0, 6);
}
