/** Where libpam finds the modules that service files name; run by `pamhook check`. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { passesOverMissing, type StackLine } from './pam-stack.js';

/** Beside the libpam that this process has loaded, for its architecture; then where Debian's looks too. */
export function moduleDirectories(): string[] {
  const loaded = /\/\S*\/libpam\.so\S*/.exec(readFileSync('/proc/self/maps', 'utf8'))?.[0];
  return [...(loaded === undefined ? [] : [join(dirname(loaded), 'security')]), '/lib/security'];
}

export interface MissingModule {
  readonly line: StackLine;
  /** The stack goes on without it, which the line's `-` says is meant. */
  readonly harmless: boolean;
}

export function missingModules(lines: readonly StackLine[], directories: readonly string[]): MissingModule[] {
  return lines
    .filter(({ module }) => !candidates(module, directories).some(isFile))
    .map((line) => ({ line, harmless: line.silent && passesOverMissing(line) }));
}

function candidates(module: string, directories: readonly string[]): string[] {
  return isAbsolute(module) ? [module] : directories.map((directory) => join(directory, module));
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
