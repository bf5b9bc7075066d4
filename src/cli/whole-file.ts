/** Files that appear whole or not at all: how every command writes keys, certificates and records. */
import { randomBytes } from 'node:crypto';
import { link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ConfigurationError } from '../errors.js';

export interface FileContents {
  readonly contents: string | Buffer;
  readonly mode: number;
  /** Left out: whoever runs the command. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** The names that writeTemporary() gives. */
export const TEMPORARY_NAME = /^\..+\.[0-9a-f]{12}$/;

/** Resolves to a hidden file beside the target, its contents on the disk. Throws Node's errors, and then there is no such file. */
export async function writeTemporary(target: string, { contents, mode, owner }: FileContents): Promise<string> {
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`);
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(contents);
    if (owner !== undefined) await file.chown(owner.uid, owner.gid);
    await file.chmod(mode);
    await file.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return temporary;
}

/** link(2), unlike rename(2), never takes the place of a file. Throws ConfigurationError with the cure when there is one. */
export async function placeNew(temporary: string, target: string, cure: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (error) {
    throw hasCode(error, 'EEXIST')
      ? new ConfigurationError(`${target} is there already`, cure, { cause: error })
      : error;
  }
}

export async function writeNew(target: string, file: FileContents): Promise<void> {
  const temporary = await writeTemporary(target, file);
  try {
    await placeNew(temporary, target, 'move it away');
  } finally {
    await rm(temporary, { force: true });
  }
}

export async function replaceFile(target: string, file: FileContents): Promise<void> {
  const temporary = await writeTemporary(target, file);
  try {
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Until then a power cut may take back what happened to the names in it. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
