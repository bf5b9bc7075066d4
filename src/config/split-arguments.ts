/** A command line on which flags of `pamhook serve` stand between the flags and operands of another command. */
import { ConfigurationError } from '../errors.js';
import { aliasNamed, isAlias } from './kubehook.js';
import { isOptionName, optionNamed } from './options.js';

export interface SplitArguments {
  /** The command's own flags with their text, the last of a repeated one. */
  readonly own: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
  /** For readSettings(), which judges them. */
  readonly ofServe: readonly string[];
}

/** `own`: names of flags that take a value. After `--` all are operands, and `-` is one. Throws ConfigurationError. */
export function splitArguments(argv: readonly string[], own: readonly string[]): SplitArguments {
  const flags = new Map<string, string>();
  const operands: string[] = [];
  const ofServe: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? '';
    if (argument === '--') {
      operands.push(...argv.slice(at + 1));
      break;
    }
    const [, name, value] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argument) ?? [];
    if (name === undefined) (argument.startsWith('-') && argument !== '-' ? ofServe : operands).push(argument);
    else if (own.includes(name)) flags.set(name, value ?? valueAfter(name, argv[++at]));
    else {
      ofServe.push(argument);
      const next = argv[at + 1];
      if (value === undefined && takesValue(name) && next !== undefined) ofServe.push(argv[++at] ?? '');
    }
  }
  return { own: flags, operands, ofServe };
}

function takesValue(name: string): boolean {
  if (isAlias(name)) return aliasNamed(name).placeholder !== undefined;
  return isOptionName(name) && optionNamed(name).format.inFile !== 'boolean';
}

function valueAfter(name: string, next: string | undefined): string {
  if (next !== undefined) return next;
  throw new ConfigurationError(`flag -${name} needs a value`);
}
