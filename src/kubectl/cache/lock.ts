/** One command asks for the password, those that run beside it wait for what comes of it; whatever dies meanwhile holds nobody up. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LoginFailure } from '../failure.js';
import { isUnwritable } from './file.js';
import {
  beating,
  breakLock,
  failedNonce,
  type Held,
  isGone,
  look,
  markFailed,
  release,
  type Seen,
  take,
} from './lock-file.js';

/** Milliseconds. `wait`: in which a login must be done; a holder that has not shown itself for `stale` is dead or stopped. */
export interface LockTimes {
  readonly wait: number;
  readonly stale: number;
  readonly beat: number;
  readonly poll: number;
  /** After which the person is told. */
  readonly tell: number;
}

export const LOCK_TIMES: LockTimes = { wait: 300_000, stale: 15_000, beat: 3_000, poll: 100, tell: 3_000 };

export interface Locked {
  /** undefined: there is nowhere to lock, and nobody to wait for; the same goes for one that cannot be written to. */
  readonly directory: string | undefined;
  readonly name: string;
  /** Called once, where another has worked for a while. */
  readonly onWait?: () => void;
}

/**
 * What `ready` gives, as soon as it gives something, or else the outcome of `work`, done by one process at a time. When the
 * holder that this one waited for fails, so does this one: a person who gave up is not asked twenty times.
 * Throws LoginFailure after `wait`.
 */
export async function withLock<T>(
  { directory, name, onWait }: Locked,
  ready: () => Promise<T | undefined>,
  work: () => Promise<T>,
  times: LockTimes = LOCK_TIMES,
): Promise<T> {
  if (directory === undefined) return work();
  const path = join(directory, `${name}.lock`);
  const taken = await takeLock(path, times, onWait).catch((error: unknown) => {
    if (isUnwritable(error)) return undefined;
    throw error;
  });
  if (taken === undefined) return work();
  const stop = beating(taken.held, times.beat);
  try {
    return await whileHeld(path, taken, ready, work);
  } finally {
    stop();
    await release(path, taken.held);
    await taken.held.file.close();
  }
}

/** A lock of others that was waited for is gone: with a token, or after a failure, or neither (its holder was killed). */
async function whileHeld<T>(
  path: string,
  { held, waitedFor }: Taken,
  ready: () => Promise<T | undefined>,
  work: () => Promise<T>,
): Promise<T> {
  const value = await ready();
  if (value !== undefined) return value;
  if (waitedFor.has(await failedNonce(path))) {
    throw new LoginFailure('the login that this waited for, of a command that runs beside it, has failed');
  }
  try {
    return await work();
  } catch (error) {
    await markFailed(path, held).catch(() => {});
    throw error;
  }
}

interface Taken {
  readonly held: Held;
  /** The nonces of those who held it meanwhile. */
  readonly waitedFor: ReadonlySet<string>;
}

async function takeLock(path: string, times: LockTimes, onWait = () => {}): Promise<Taken> {
  const begun = performance.now();
  const { waitedFor, lookAt } = watchOf(path, times);
  for (let isTold = false; ; ) {
    const held = await take(path);
    if (held !== undefined) return { held, waitedFor };
    await lookAt();
    const waited = performance.now() - begun;
    if (waited > times.wait) throw tooLong(path, times);
    if (!isTold && waited > times.tell) {
      isTold = true;
      onWait();
    }
    await delay(times.poll);
  }
}

/** Looks at a lock now and then, and breaks one whose holder is dead, or does nothing any more. */
function watchOf(path: string, times: LockTimes): { waitedFor: ReadonlySet<string>; lookAt: () => Promise<void> } {
  const waitedFor = new Set<string>();
  let last: (Seen & { readonly since: number }) | undefined;
  async function lookAt(): Promise<void> {
    const seen = await look(path);
    if (seen === undefined) return;
    const now = performance.now();
    if (seen.nonce !== last?.nonce || seen.beat !== last.beat) last = { ...seen, since: now };
    if (seen.nonce !== '') waitedFor.add(seen.nonce);
    if (!(await isDead(last, now, times))) return;
    await breakLock(path, last.nonce);
    waitedFor.delete(last.nonce);
    last = undefined;
  }
  return { waitedFor, lookAt };
}

/** By this process's own clock: that of a file server may be another. */
async function isDead({ holder, pid, since }: Seen & { since: number }, now: number, { stale }: LockTimes) {
  if (now - since >= stale) return true;
  return isGone({ holder, pid });
}

function tooLong(path: string, { wait }: LockTimes): LoginFailure {
  return new LoginFailure(
    `another command has been logging in for ${wait / 60_000} minutes`,
    `end it, or remove ${path}`,
  );
}
