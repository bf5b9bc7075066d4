/** One command asks for the password, those that run beside it wait for what comes of it; whatever dies meanwhile holds nobody up. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, readFile, readlink, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LoginFailure } from '../failure.js';
import { hasCode, isUnwritable } from './file.js';

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

interface Held {
  /** Of this holding, and no other. */
  readonly nonce: string;
  readonly file: FileHandle;
}

/** What a waiter sees of a lock. */
interface Seen {
  readonly nonce: string;
  readonly holder: string;
  readonly pid: number;
  readonly beat: number;
}

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

async function take(path: string): Promise<Held | undefined> {
  const nonce = randomBytes(16).toString('hex');
  const temporary = `${path}.${nonce}`;
  // Linked into its place with its contents in it: nobody sees half of one.
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(JSON.stringify({ nonce, holder: await placeOfProcess(), pid: process.pid }));
    await link(temporary, path);
    return { nonce, file };
  } catch (error) {
    await file.close();
    if (hasCode(error, 'EEXIST')) return undefined;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** By the open file: where the lock was broken, and is another's now, that one's is not touched. */
function beating({ file }: Held, interval: number): () => void {
  const timer = setInterval(() => {
    const now = new Date();
    file.utimes(now, now).catch(() => {});
  }, interval);
  return () => clearInterval(timer);
}

async function look(path: string): Promise<Seen | undefined> {
  try {
    const [text, { mtimeMs: beat }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    const { nonce, holder, pid } = JSON.parse(text);
    return { nonce: String(nonce), holder: String(holder), pid: Number(pid), beat };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    // No lock of ours: counts as one that nobody holds.
    return { nonce: '', holder: '', pid: 0, beat: 0 };
  }
}

/** By this process's own clock: that of a file server may be another. */
async function isDead({ holder, pid, since }: Seen & { since: number }, now: number, { stale }: LockTimes) {
  if (now - since >= stale) return true;
  return pid > 0 && holder === (await placeOfProcess()) && !isRunning(pid);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, 'ESRCH');
  }
}

/** Moved aside and looked at before it goes: another may have broken it, and taken it anew, a moment ago. */
async function breakLock(path: string, nonce: string): Promise<void> {
  const aside = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  const seen = await look(aside);
  if (seen !== undefined && seen.nonce !== nonce) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

async function release(path: string, { nonce }: Held): Promise<void> {
  if ((await look(path))?.nonce === nonce) await rm(path, { force: true });
}

async function markFailed(path: string, { nonce }: Held): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600);
  await file.writeFile(nonce);
  await file.close();
  await rename(temporary, failedPath(path));
}

async function failedNonce(path: string): Promise<string> {
  return readFile(failedPath(path), 'utf8').catch(() => '');
}

function failedPath(path: string): string {
  return path.replace(/\.lock$/, '.failed');
}

/** Process ids mean something on one machine, and there in one namespace. */
async function placeOfProcess(): Promise<string> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return `${hostname()} ${namespace}`;
}

function tooLong(path: string, { wait }: LockTimes): LoginFailure {
  return new LoginFailure(
    `another command has been logging in for ${wait / 60_000} minutes`,
    `end it, or remove ${path}`,
  );
}
