/** Tokens in files of the person's own (0600), each replaced whole. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isForeign, unsafe } from './directory.js';
import { LONGEST_ENTRY } from './entry.js';

const SUFFIX = '.json';

/** undefined: there is none, or others may have read or written it. Throws LoginFailure where it is another's, or a link. */
export async function readEntryFile(directory: string, name: string): Promise<string | undefined> {
  const path = join(directory, `${name}${SUFFIX}`);
  const file = await openOwn(path);
  if (file === undefined) return undefined;
  try {
    const status = await file.stat();
    if (!status.isFile()) throw unsafe(path, 'is no file');
    if (isForeign(status)) throw unsafe(path, 'belongs to another user');
    const isOpen = process.platform !== 'win32' && (status.mode & 0o077) !== 0;
    return isOpen || status.size > LONGEST_ENTRY ? undefined : await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function openOwn(path: string): Promise<FileHandle | undefined> {
  // Not to wait for the other end of a pipe.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  try {
    return await open(path, flags);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    if (hasCode(error, 'ELOOP')) throw unsafe(path, 'is a symbolic link');
    throw error;
  }
}

/** A reader sees the old one or the new one. What lay in its place, a link for instance, is replaced and not followed. */
export async function writeEntryFile(directory: string, name: string, text: string): Promise<void> {
  const path = join(directory, `${name}${SUFFIX}`);
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Whether there was one. */
export async function removeEntryFile(directory: string, name: string): Promise<boolean> {
  try {
    await rm(join(directory, `${name}${SUFFIX}`));
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** The names of all entries; none where there is no directory. */
export async function entryFiles(directory: string): Promise<string[]> {
  try {
    const files = await readdir(directory);
    return files.filter((file) => file.endsWith(SUFFIX)).map((file) => file.slice(0, -SUFFIX.length));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Whether it is the place that does not take files: read-only, full, gone. */
export function isUnwritable(error: unknown): boolean {
  return ['EACCES', 'EDQUOT', 'ENOENT', 'ENOSPC', 'EPERM', 'EROFS'].some((code) => hasCode(error, code));
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
