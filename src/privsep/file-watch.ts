/** Notices that files changed, by rename, symlink swap or in place, and has them loaded anew; runs in the supervisor. */
import type { BigIntStats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../log/logger.js';

/** Milliseconds between two looks. Not inotify: a symlink may be swapped in any directory on the way to the file. */
const INTERVAL = 1_000;

/** Files that belong together, such as a certificate and its key. */
export interface WatchedFiles {
  /** For the log: what is loaded. */
  readonly name: string;
  /** Files, or directories whose files count. */
  readonly paths: readonly string[];
  /** Reads, checks and puts into use. Rejects, what was in use kept, when they are not as they must be. */
  load(): Promise<void>;
}

export interface FileWatch {
  /** Loads all of them anew, changed or not. */
  reload(): Promise<void>;
  /** Resolves when no look is under way. */
  idle(): Promise<void>;
  stop(): void;
}

interface Watched {
  readonly files: WatchedFiles;
  seen: string;
  /** The state that could not be loaded: tried once more before it is an error, for two files are not replaced at once. */
  refused?: string | undefined;
}

export async function watchFiles(all: readonly WatchedFiles[], log: Logger): Promise<FileWatch> {
  const watched: Watched[] = await Promise.all(
    all.map(async (files) => ({ files, seen: await fingerprint(files.paths) })),
  );
  let running: Promise<void> = Promise.resolve();
  let waiting = false;

  /** One at a time: a look never overtakes another. */
  function inTurn(look: (each: Watched) => Promise<void>): Promise<void> {
    running = running.then(async () => {
      for (const each of watched) await look(each);
    });
    return running;
  }

  const timer = setInterval(() => {
    if (waiting) return;
    waiting = true;
    void inTurn((each) => loadIfChanged(each, log)).finally(() => {
      waiting = false;
    });
  }, INTERVAL);
  timer.unref();

  return {
    reload: () => inTurn((each) => loadNow(each, log)),
    idle: () => running,
    stop: () => clearInterval(timer),
  };
}

async function loadIfChanged(each: Watched, log: Logger): Promise<void> {
  const now = await fingerprint(each.files.paths);
  if (now === each.seen) return;
  try {
    await each.files.load();
    accept(each, now, log);
  } catch (fault) {
    if (each.refused !== now) each.refused = now;
    else refuse(each, now, fault, log);
  }
}

async function loadNow(each: Watched, log: Logger): Promise<void> {
  const now = await fingerprint(each.files.paths);
  try {
    await each.files.load();
    accept(each, now, log);
  } catch (fault) {
    refuse(each, now, fault, log);
  }
}

function accept(each: Watched, now: string, log: Logger): void {
  each.seen = now;
  each.refused = undefined;
  log.info('loaded anew', { what: each.files.name });
}

function refuse(each: Watched, now: string, fault: unknown, log: Logger): void {
  each.seen = now;
  each.refused = undefined;
  const cure = (fault as { cure?: string }).cure;
  log.error('cannot be loaded; what was in use is kept', { what: each.files.name, fault, cure });
}

/** All that changes when a file is another or has another content: of what the paths lead to now. */
async function fingerprint(paths: readonly string[]): Promise<string> {
  return (await Promise.all(paths.map(stateOf))).join('\n');
}

async function stateOf(path: string): Promise<string> {
  try {
    const stats = await stat(path, { bigint: true });
    if (!stats.isDirectory()) return told(stats);
    const names = (await readdir(path)).sort();
    const files = names.map(
      async (name) => `${name} ${await stat(join(path, name), { bigint: true }).then(told, codeOf)}`,
    );
    return [told(stats), ...(await Promise.all(files))].join('\n');
  } catch (fault) {
    return codeOf(fault);
  }
}

function told({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

function codeOf(fault: unknown): string {
  return (fault as NodeJS.ErrnoException).code ?? 'unreadable';
}
