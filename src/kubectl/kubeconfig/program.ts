/** What kubectl is to run: pamhook, by its name where PATH leads to it, else by its path; used by `pamhook kubeconfig`. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { ConfigurationError } from '../../errors.js';
import { fileName, isProgram } from './exec-block.js';

const NAMES = ['kubectl-pamhook', 'pamhook'] as const;
const SUFFIXES = process.platform === 'win32' ? ['.cmd', '.exe'] : [''];

export interface Calling {
  /** --command. */
  readonly given: string | undefined;
  /** $PATH. */
  readonly searchPath: string | undefined;
  /** The path of the script that runs, as it was called. */
  readonly script: string | undefined;
}

/** Throws ConfigurationError. */
export function programOf({ given, searchPath = '', script = '' }: Calling): string {
  if (given !== undefined) return checked(given);
  const called = NAMES.find((name) => fileName(script) === name);
  const names = called === undefined ? NAMES : [called, ...NAMES];
  const found = names.find((name) => isOnPath(name, searchPath));
  if (found !== undefined) return found;
  if (isAbsolute(script) && isProgram(script) && isExecutable(script)) return script;
  throw new ConfigurationError(
    'neither kubectl-pamhook nor pamhook is found by PATH',
    'give --command /path/to/pamhook',
  );
}

/** kubectl would look for a relative path beside the kubeconfig. */
function checked(given: string): string {
  if (!isProgram(given) || /\p{Cc}/u.test(given)) {
    throw new ConfigurationError('--command must be pamhook or kubectl-pamhook, by name or path');
  }
  return fileName(given) === given ? given : resolve(given);
}

function isOnPath(name: string, searchPath: string): boolean {
  const directories = searchPath.split(delimiter).filter(isAbsolute);
  return directories.some((directory) => SUFFIXES.some((suffix) => isExecutable(join(directory, name + suffix))));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
