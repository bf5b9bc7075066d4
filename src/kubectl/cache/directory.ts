/** The directory of kept tokens and locks: the person's own, closed to all others. */
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { LoginFailure } from '../failure.js';
import type { Environment } from '../io.js';
import { printable } from '../printable.js';

/** $XDG_CACHE_HOME/pamhook; a relative one counts as unset (XDG Base Directory Specification). */
export function directoryPath({ XDG_CACHE_HOME: cache, HOME: home }: Environment): string {
  const base = cache && isAbsolute(cache) ? cache : join(home && isAbsolute(home) ? home : homedir(), '.cache');
  return join(base, 'pamhook');
}

/** Makes it where it is not there. Throws LoginFailure where it is somebody else's, and Node's errors where it cannot be made. */
export async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const status = await lstat(path);
  if (!status.isDirectory()) throw unsafe(path, 'is no directory');
  if (isForeign(status)) throw unsafe(path, 'belongs to another user');
  if ((status.mode & 0o077) !== 0) await chmod(path, 0o700);
}

/** Windows has no owners of this kind. */
export function isForeign({ uid }: { readonly uid: number }): boolean {
  const own = process.geteuid?.();
  return own !== undefined && uid !== own;
}

export function unsafe(path: string, fault: string): LoginFailure {
  return new LoginFailure(`${printable(path)} ${fault}, so no token is kept there`, 'remove it, or give --cache none');
}
