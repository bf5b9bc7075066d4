/** Files that appear together or not at all: how `pamhook init` writes keys and certificates. */
import { lstat, mkdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError } from '../../errors.js';
import { hasCode, placeNew, writeTemporary } from '../whole-file.js';

const FORCE = '--force replaces it';

export interface NewFile {
  readonly name: string;
  readonly mode: number;
  readonly text: string;
}

interface WrittenFile {
  readonly target: string;
  readonly temporary: string;
}

/**
 * Writes all files into the directory, which is made when its parent exists, and makes `subdirectory` in it. Without `replace` no file that is there is touched,
 * not even one that appears meanwhile. Throws ConfigurationError, and then nothing has changed; other errors are the file system's.
 */
export async function writeNewFiles(
  dir: string,
  files: readonly NewFile[],
  subdirectory: string,
  replace: boolean,
): Promise<void> {
  const made = await makeDirectory(dir);
  try {
    await refuseUnsafeDirectory(dir);
    await Promise.all(files.map(({ name }) => refuseTarget(join(dir, name), replace)));
    await refuseFile(join(dir, subdirectory));
    await writeAll(dir, files, replace);
    // Last: only now is it certain that no other run writes here.
    await makeDirectory(join(dir, subdirectory));
  } catch (error) {
    if (made) {
      await rmdir(dir).catch(() => {});
    }
    throw error;
  }
}

/** 0755: ca.crt is for everybody, and each key has a mode of its own. */
async function makeDirectory(dir: string): Promise<boolean> {
  try {
    await mkdir(dir, { mode: 0o755 });
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) {
      return false;
    }
    const cure = hasCode(error, 'ENOENT') ? 'make its parent directory first' : undefined;
    throw new ConfigurationError(`--dir: cannot make ${dir}${reason(error)}`, cure, { cause: error });
  }
}

async function refuseUnsafeDirectory(dir: string): Promise<void> {
  const status = await stat(dir);
  if (!status.isDirectory()) {
    throw new ConfigurationError(`--dir: ${dir} is not a directory`);
  }
  if ((status.mode & 0o002) !== 0) {
    throw new ConfigurationError(
      `--dir: everybody may write in ${dir} and so replace the keys`,
      'name a directory of your own',
    );
  }
}

async function refuseTarget(path: string, replace: boolean): Promise<void> {
  const status = await lstat(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) {
      return undefined;
    }
    throw error;
  });
  if (status?.isDirectory()) {
    throw new ConfigurationError(`${path} is a directory`);
  }
  if (status !== undefined && !replace) {
    throw new ConfigurationError(`${path} is there already`, FORCE);
  }
}

async function refuseFile(path: string): Promise<void> {
  const status = await stat(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) {
      return undefined;
    }
    throw error;
  });
  if (status !== undefined && !status.isDirectory()) {
    throw new ConfigurationError(`${path} is not a directory`);
  }
}

async function writeAll(dir: string, files: readonly NewFile[], replace: boolean): Promise<void> {
  const written: WrittenFile[] = [];
  const placed: string[] = [];
  try {
    for (const { name, mode, text } of files) {
      const target = join(dir, name);
      written.push({ target, temporary: await writeTemporary(target, { contents: text, mode }) });
    }
    for (const { target, temporary } of written) {
      await (replace ? rename(temporary, target) : placeNew(temporary, target, FORCE));
      placed.push(target);
    }
  } catch (error) {
    // What replaced an older file cannot be taken back; what is new can.
    await removeAll(replace ? [] : placed);
    throw error;
  } finally {
    await removeAll(written.map(({ temporary }) => temporary));
  }
}

async function removeAll(paths: readonly string[]): Promise<void> {
  await Promise.all(paths.map((path) => rm(path, { force: true })));
}

function reason(error: unknown): string {
  return error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
}
