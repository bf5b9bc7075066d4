/** A lock as a file: taken, seen by others, shown to be alive, released, and broken. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, readFile, readlink, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { hasCode } from './file.js';

export interface Held {
  /** Of this holding, and no other. */
  readonly nonce: string;
  readonly file: FileHandle;
}

/** What a waiter sees of a lock. */
export interface Seen {
  readonly nonce: string;
  readonly holder: string;
  readonly pid: number;
  readonly beat: number;
}

export async function take(path: string): Promise<Held | undefined> {
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
export function beating({ file }: Held, interval: number): () => void {
  const timer = setInterval(() => {
    const now = new Date();
    file.utimes(now, now).catch(() => {});
  }, interval);
  return () => clearInterval(timer);
}

export async function look(path: string): Promise<Seen | undefined> {
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

/** Moved aside and looked at before it goes: another may have broken it, and taken it anew, a moment ago. */
export async function breakLock(path: string, nonce: string): Promise<void> {
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

export async function release(path: string, { nonce }: Held): Promise<void> {
  if ((await look(path))?.nonce === nonce) await rm(path, { force: true });
}

export async function markFailed(path: string, { nonce }: Held): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600);
  await file.writeFile(nonce);
  await file.close();
  await rename(temporary, failedPath(path));
}

export async function failedNonce(path: string): Promise<string> {
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

/** Whether a holder on this machine has died. */
export async function isGone({ holder, pid }: Pick<Seen, 'holder' | 'pid'>): Promise<boolean> {
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
