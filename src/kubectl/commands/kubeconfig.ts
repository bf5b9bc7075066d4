/** `pamhook kubeconfig`: a user entry that logs in by pamhook, and what clusters need for it, written into a kubeconfig. */
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { ConfigurationError } from '../../errors.js';
import type { ClientIo } from '../io.js';
import { parseKubeconfigArguments } from '../kubeconfig/arguments.js';
import { behindLinks, readKubeconfig } from '../kubeconfig/file.js';
import { type Locations, locate } from '../kubeconfig/locations.js';
import { withLocks } from '../kubeconfig/lock.js';
import { type Merged, merge, write } from '../kubeconfig/merge.js';
import type { Wanted } from '../kubeconfig/plan.js';
import { printable } from '../printable.js';

/** For the help. */
export const ABOUT = `Without --cluster the user entry names the server, for whatever cluster it is used. With --cluster it
names none: each of those clusters says in its extension client.authentication.k8s.io/exec where its
pamhook is, so that one user entry serves clusters of several pamhooks, one call for each pamhook.

Comments, order and unknown fields stay, as do mode and owner of the file. Entries of others are
never changed: a user that logs in another way and a context of another cluster are refused.`;

/** Resolves to 0. Throws ConfigurationError, nothing having changed, or Error when a lock is held or Node's of a write. */
export async function runKubeconfig(argv: readonly string[], io: ClientIo): Promise<number> {
  const asked = await parseKubeconfigArguments(argv, io);
  if (asked === undefined) {
    const { commandHelp } = await import('../help.js');
    io.stdout.write(commandHelp(io.program, 'kubeconfig', ABOUT));
    return 0;
  }
  const { wanted, kubeconfig: explicit, toStdout } = asked;
  const { KUBECONFIG: variable, HOME } = io.environment;
  const locations = locate({ explicit, variable, home: HOME || homedir(), exists: existsSync });
  // kubectl locks names; who comes by another name of a file is kept away by what is behind them. It writes in place: not
  // even reading goes without.
  const names = locations.files.flatMap((file) => [file, behindLinks(file)]);
  const text = toStdout
    ? await withLocks(names, () => onlyText(merge(locations, wanted), locations))
    : report(await mergeOnDisk(names, locations, wanted), wanted);
  io.stdout.write(text);
  return 0;
}

async function mergeOnDisk(names: readonly string[], locations: Locations, wanted: Wanted): Promise<readonly Merged[]> {
  for (;;) {
    const merged = await withLocks(names, () => {
      const changed = merge(locations, wanted);
      const isPlaced = changed.every(({ file }) => existsSync(dirname(file.target)));
      if (isPlaced) write(changed);
      return { changed, isPlaced };
    });
    if (merged.isPlaced) return merged.changed;
    // Then the lock has a place too.
    for (const { file } of merged.changed) makeDirectory(dirname(file.target));
  }
}

/** The last directory, not a whole path that may have been mistyped. */
function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT') throw cause;
    throw new ConfigurationError(`there is no directory ${printable(dirname(directory))}`, 'make it first', { cause });
  }
}

function onlyText(merged: readonly Merged[], { fallback }: Locations): string {
  const [first, second] = merged;
  if (second !== undefined) {
    throw new ConfigurationError('several files would change', 'choose one with --kubeconfig for --stdout');
  }
  return first?.text ?? readKubeconfig(fallback).text;
}

function report(merged: readonly Merged[], { user, clusters, setCurrent }: Wanted): string {
  const written = merged.map(({ file }) => printable(file.path)).join(', ');
  const [context] = clusters.map((cluster) => shellWord(cluster.context));
  const kubectl = context === undefined ? `kubectl --user ${shellWord(user)}` : `kubectl --context ${context}`;
  const said = written === '' ? 'nothing was to be changed' : `written: ${written}`;
  return `${said}\ntry it: ${setCurrent ? 'kubectl' : kubectl} get namespaces\n`;
}

/** Quoted for sh(1) where it must be. */
function shellWord(text: string): string {
  const shown = printable(text);
  return /^[\w./:@%+=,-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
}
