/** A kubeconfig file on the disk: read whole, replaced whole or not at all; used by `pamhook kubeconfig`. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { printable } from '../printable.js';
import { LONGEST_KUBECONFIG, unfit } from './source.js';

/** As many as Linux follows. */
const MOST_LINKS = 40;
const NEW_FILE_MODE = 0o600;
/** Windows has neither owners of this kind nor directories that can be synchronised. */
const IS_WINDOWS = process.platform === 'win32';

export interface KubeconfigFile {
  /** As it was named. */
  readonly path: string;
  /** Behind all symbolic links. */
  readonly target: string;
  /** Empty, where there is no such file. */
  readonly text: string;
  readonly mode: number;
  /** undefined: whoever runs the command. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** Throws ConfigurationError for what no kubeconfig is or cannot be replaced, Node's errors for what cannot be read. */
export function readKubeconfig(path: string): KubeconfigFile {
  const target = behindLinks(path);
  const fd = openToRead(target);
  if (fd === undefined) return { path, target, text: '', mode: NEW_FILE_MODE };
  try {
    const { mode, uid, gid, nlink } = fstatSync(fd);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw unfit(path, 'is no regular file');
    // The other names would keep what was.
    if (nlink > 1) throw unfit(path, `has ${nlink} names (hard links)`);
    return { path, target, text: readText(fd, path), mode: mode & 0o7777, owner: { uid, gid } };
  } finally {
    closeSync(fd);
  }
}

/** A new file beside the target, its contents on the disk, which takes the place of the target when told to. */
export interface Prepared {
  put(): void;
  drop(): void;
}

/** Throws Error, and then nothing is left behind. */
export function prepare(file: KubeconfigFile, text: string): Prepared {
  try {
    return prepared(file, text);
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

function prepared(file: KubeconfigFile, text: string): Prepared {
  const { target, mode, owner } = file;
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`);
  const fd = openSync(temporary, 'wx', NEW_FILE_MODE);
  const drop = () => rmSync(temporary, { force: true });
  try {
    writeFileSync(fd, text);
    if (owner !== undefined && !IS_WINDOWS) fchownSync(fd, owner.uid, owner.gid);
    fchmodSync(fd, mode);
    fsyncSync(fd);
  } catch (error) {
    drop();
    throw error;
  } finally {
    closeSync(fd);
  }
  return {
    drop,
    put() {
      try {
        renameSync(temporary, target);
      } catch (cause) {
        throw unwritable(file, cause);
      }
      syncDirectory(dirname(target));
    },
  };
}

/** Also of a link to a file that is not there: that is the one to be made. */
export function behindLinks(path: string): string {
  let named = resolve(path);
  for (let links = 0; links < MOST_LINKS; links++) {
    try {
      return realpathSync(named);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
      if (lstatSync(named, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return named;
      named = resolve(dirname(named), readlinkSync(named));
    }
  }
  throw unfit(path, 'is a symbolic link that leads nowhere');
}

/** undefined: there is none. */
function openToRead(target: string): number | undefined {
  try {
    // Without it a FIFO would hold up the open.
    return openSync(target, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function readText(fd: number, path: string): string {
  const content = Buffer.alloc(LONGEST_KUBECONFIG + 1);
  let length = 0;
  for (let read = -1; read !== 0 && length < content.length; length += read) {
    read = readSync(fd, content, length, content.length - length, null);
  }
  if (length > LONGEST_KUBECONFIG) throw unfit(path, `is larger than ${LONGEST_KUBECONFIG} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content.subarray(0, length));
  } catch {
    throw unfit(path, 'is not UTF-8 text');
  }
}

/** Until then a power cut may take back the rename. */
function syncDirectory(directory: string): void {
  if (IS_WINDOWS) return;
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function unwritable({ path }: KubeconfigFile, cause: unknown): Error {
  const code = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : '';
  return new Error(`${printable(path)} cannot be written${code}, and is left as it was`, { cause });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
