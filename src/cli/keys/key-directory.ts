/**
 * A directory of keys as it lies there: `signing-key.pem` signs, `next` has what will sign, `verification` what daemons verify with.
 * Read by `pamhook keys`. Files that the command would not name so are not its own, and are left alone.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError } from '../../errors.js';
import { keyFilePermissionFault } from '../../keys/key-file-permission.js';
import {
  MAX_KEY_BYTES,
  type ParsedSigningKey,
  parseSigningKey,
  parseVerificationKey,
} from '../../keys/key-material.js';
import type { Algorithm } from '../../keys/keys.js';
import { hasCode } from '../whole-file.js';

export const SIGNING_KEY = 'signing-key.pem';
export const NEXT = 'next';
export const VERIFICATION = 'verification';

export interface KeyFile {
  readonly kid: string;
  readonly algorithm: Algorithm;
  readonly path: string;
}

/** A key with its private half, or the secret. */
export interface SigningKeyFile extends KeyFile {
  readonly parsed: ParsedSigningKey;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface KeyDirectory {
  readonly dir: string;
  readonly signing: SigningKeyFile;
  readonly next: readonly SigningKeyFile[];
  /** By kid. */
  readonly verification: ReadonlyMap<string, KeyFile>;
  /** Paths of files that hold keys for daemons but are not this command's. */
  readonly foreign: readonly string[];
}

/** Throws ConfigurationError where the directory or a key in it is not as it must be. */
export async function readKeyDirectory(dir: string): Promise<KeyDirectory> {
  await Promise.all([dir, join(dir, NEXT), join(dir, VERIFICATION)].map(refuseUnsafe));
  const signing = await readSigningKey(join(dir, SIGNING_KEY));
  const next = (await keyPaths(join(dir, NEXT))).map(readSigningKey);
  const paths = await keyPaths(join(dir, VERIFICATION));
  const verification = (await Promise.all(paths.map(readVerificationKey))).filter((key) => key !== undefined);
  const own = new Set(verification.map(({ path }) => path));
  return {
    dir,
    signing,
    next: (await Promise.all(next)).filter((key) => key.path === join(dir, NEXT, keyFileName(key))),
    verification: new Map(verification.map((key) => [key.kid, key])),
    foreign: paths.filter((path) => !own.has(path)),
  };
}

/** `.key` for a secret, which must be nobody's but the daemon's. */
export function keyFileName({ kid, algorithm }: { readonly kid: string; readonly algorithm: Algorithm }): string {
  return `${kid}.${algorithm === 'HS256' ? 'key' : 'pem'}`;
}

/** Who may write into a directory replaces the keys in it. */
async function refuseUnsafe(dir: string): Promise<void> {
  const status = await stat(dir).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (status === undefined) return;
  if (!status.isDirectory()) throw new ConfigurationError(`${dir} is not a directory`);
  if ((status.mode & 0o022) !== 0) {
    throw new ConfigurationError(`others may write in ${dir} and so replace the keys`, `chmod go-w ${dir}`);
  }
}

/** As the daemon chooses files from a directory. */
async function keyPaths(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  return names
    .filter((name) => /^[^.].*\.(?:pem|key)$/.test(name))
    .sort()
    .map((name) => join(dir, name));
}

async function readSigningKey(path: string): Promise<SigningKeyFile> {
  const { contents, mode, uid, gid } = await readKeyFile(path);
  const fault = keyFilePermissionFault({ mode });
  if (fault !== undefined) throw new ConfigurationError(`${path} ${fault}`, `chmod 600 ${path}`);
  const parsed = parseSigningKey(contents, path);
  return { kid: parsed.kid, algorithm: parsed.algorithm, path, parsed, mode: mode & 0o777, uid, gid };
}

/** undefined: not by its own name, so not ours. */
async function readVerificationKey(path: string): Promise<KeyFile | undefined> {
  const { contents } = await readKeyFile(path);
  const { kid, algorithm } = parseVerificationKey(contents, path).verification;
  return path.endsWith(`/${keyFileName({ kid, algorithm })}`) ? { kid, algorithm, path } : undefined;
}

async function readKeyFile(path: string) {
  const file = await openKeyFile(path);
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new ConfigurationError(`${path} is not a regular file`);
    const contents = Buffer.alloc(MAX_KEY_BYTES + 1);
    const { bytesRead } = await file.read(contents, 0, contents.length, 0);
    return { contents: contents.subarray(0, bytesRead), mode: status.mode, uid: status.uid, gid: status.gid };
  } finally {
    await file.close();
  }
}

/** Not through a symbolic link: what lies behind one, a mounted Secret perhaps, is not changed by changing names here. */
async function openKeyFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) {
      throw new ConfigurationError(`${path} is not there`, 'pamhook init makes one', { cause });
    }
    if (hasCode(cause, 'ELOOP')) {
      throw new ConfigurationError(`${path} is a symbolic link`, 'work on the files themselves, or on a copy', {
        cause,
      });
    }
    const code = (cause as NodeJS.ErrnoException).code ?? 'error';
    throw new ConfigurationError(`${path} cannot be read (${code})`, 'run as the owner of the keys, or as root', {
      cause,
    });
  }
}
