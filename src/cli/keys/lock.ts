/** One change of a directory at a time, whichever processes, containers or machines share it; used by `pamhook keys rotate`. */
import { randomBytes } from 'node:crypto';
import { link, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../whole-file.js';

export const LOCK = '.lock';
/** Milliseconds. The work takes a second; a lock this old was left behind by a process that was killed. */
export const STALE_AFTER = 5 * 60 * 1000;

/** Throws Error when another holds the lock. No process is asked after: the holder may run in another container. */
export async function withLock<T>(dir: string, work: () => Promise<T>): Promise<T> {
  const path = join(dir, LOCK);
  if (!(await take(path)) && !((await removeStale(path)) && (await take(path)))) {
    throw new Error(`another pamhook keys rotate is at work (${path}; without one it counts for 5 minutes at most)`);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx', 0o600)).close();
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Whether the way is free now. What was moved away in place of the stale lock, one just taken by another, is put back. */
async function removeStale(path: string): Promise<boolean> {
  const seen = await timeOf(path);
  if (seen === undefined) return true;
  if (Date.now() - seen < STALE_AFTER) return false;
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
  const isStale = (await timeOf(aside)) === seen;
  if (!isStale) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
  return isStale;
}

async function timeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
