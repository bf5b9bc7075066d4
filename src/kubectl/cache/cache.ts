/** Where tokens are kept between commands, by choice: keyring, file, or nowhere. */
import { LoginFailure } from '../failure.js';
import type { ClientIo, Environment } from '../io.js';
import { printable } from '../printable.js';
import type { ClientSettings } from '../settings.js';
import { directoryPath, makeDirectory } from './directory.js';
import { entryName, type KeptToken, parseEntry } from './entry.js';
import { entryFiles, readEntryFile, removeEntryFile, writeEntryFile } from './file.js';
import { clearKeyring, readFromKeyring, removeFromKeyring, writeToKeyring } from './keyring.js';

export interface TokenCache {
  /** Where locks are; undefined: nothing is kept, or nothing can be. */
  readonly directory: string | undefined;
  readonly name: string;
  /** Throws LoginFailure where what is there is not the person's own. */
  read(): Promise<KeptToken | undefined>;
  write(kept: KeptToken): Promise<void>;
  /** Whether there was a token. */
  forget(): Promise<boolean>;
}

/** Throws LoginFailure where its directory is somebody else's. */
export async function openCache(settings: ClientSettings, io: ClientIo): Promise<TokenCache> {
  const name = entryName(settings);
  const directory = settings.cache === 'none' ? undefined : await usableDirectory(settings.environment, io);
  if (directory === undefined) {
    return { directory, name, read: async () => undefined, write: async () => {}, forget: async () => false };
  }
  const cache = { directory, name };
  const parse = (text: string | undefined) => (text === undefined ? undefined : parseEntry(text, settings.server.href));
  const files = {
    read: async () => parse(await readEntryFile(directory, name)),
    write: (kept: KeptToken) =>
      writeEntryFile(directory, name, JSON.stringify(kept)).catch(noteUnwritten(directory, io)),
    forget: () => removeEntryFile(directory, name),
  };
  if (settings.cache === 'file') return { ...cache, ...files };
  return { ...cache, ...keyringBefore(files, { name, parse, io }) };
}

type Store = Pick<TokenCache, 'read' | 'write' | 'forget'>;

/** What the keyring fails at, the file does; it is said once, and not when a kept token is found all the same. */
function keyringBefore(
  files: Store,
  { name, parse, io }: { name: string; parse: (text: string | undefined) => KeptToken | undefined; io: ClientIo },
): Store {
  let fault: unknown;
  const noteOnce = noting(io);
  return {
    async read() {
      const kept = await readFromKeyring(name).then(parse, (error) => {
        fault = error;
        return undefined;
      });
      const found = kept ?? (await files.read());
      if (found === undefined && fault !== undefined) noteOnce(fault);
      return found;
    },
    async write(kept) {
      try {
        if (fault !== undefined) throw fault;
        await writeToKeyring(name, JSON.stringify(kept));
        await files.forget();
      } catch (error) {
        noteOnce(error);
        await files.write(kept);
      }
    },
    async forget() {
      const inKeyring = await removeFromKeyring(name).catch((error) => {
        noteOnce(error);
        return false;
      });
      const inFile = await files.forget();
      return inKeyring || inFile;
    },
  };
}

function noting({ program, stderr }: ClientIo): (error: unknown) => void {
  let said = false;
  return (error) => {
    if (said) return;
    said = true;
    const reason = printable(error instanceof Error ? error.message : String(error));
    stderr.write(
      `${program}: note: the keyring cannot be used (${reason}), so a file is; --cache file asks for that\n`,
    );
  };
}

/** A home that cannot be written to costs the cache, and no login. */
async function usableDirectory(environment: Environment, io: ClientIo): Promise<string | undefined> {
  const path = directoryPath(environment);
  try {
    await makeDirectory(path);
    return path;
  } catch (error) {
    if (error instanceof LoginFailure) throw error;
    noteUnwritten(path, io)(error);
    return undefined;
  }
}

function noteUnwritten(path: string, { program, stderr }: ClientIo): (error: unknown) => void {
  return (error) => {
    const code = error instanceof Error && 'code' in error ? error.code : 'failed';
    stderr.write(`${program}: note: no token is kept, since ${printable(path)} cannot be written to (${code})\n`);
  };
}

/** How many tokens there were, in the keyring and in files. */
export async function forgetAll(io: ClientIo): Promise<number> {
  const directory = directoryPath(io.environment);
  const names = await entryFiles(directory);
  const removed = await Promise.all(names.map((name) => removeEntryFile(directory, name)));
  const inKeyring = await clearKeyring().catch(() => 0);
  return removed.filter(Boolean).length + inKeyring;
}
