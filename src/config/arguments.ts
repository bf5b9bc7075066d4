/** Flags by the rules of Go's flag package, which pam_hook's command lines follow; read by the supervisor. */
import { ConfigurationError } from '../errors.js';
import { type AliasName, aliases, aliasNamed, isAlias } from './kubehook.js';
import { isOptionName, type OptionName, optionNamed, optionNames } from './options.js';
import { nearest } from './suggestion.js';

/**
 * The flags with their text, the last of a repeated one; one dash or two. `--help` and `--version` end the reading, as in Go.
 * Throws ConfigurationError, which never shows more of an argument than the name of a flag: the rest may be part of a secret.
 */
export function parseArguments(argv: readonly string[]): ReadonlyMap<OptionName, string> {
  const flags = new Map<OptionName, string>();
  const spellings = new Map<OptionName, FlagName>();
  let position = 0;
  while (position < argv.length) {
    const argument = argv[position++] ?? '';
    if (argument === '--' && position === argv.length) break;
    const { name, value } = flagIn(argument, position);
    const given = value ?? valueAfter(name, argv[position]);
    if (value === undefined && !isBoolean(name)) position++;
    for (const [option, text] of isAlias(name) ? aliasNamed(name).read(given) : [[name, given] as const]) {
      requireOneSpelling(option, name, spellings.get(option));
      spellings.set(option, name);
      flags.set(option, text);
    }
    if (endsReading(name, given)) break;
  }
  return flags;
}

type FlagName = OptionName | AliasName;

/** Which of two names with different values would count is nobody's guess. */
function requireOneSpelling(option: OptionName, name: FlagName, before: FlagName | undefined): void {
  if (before === undefined || before === name) return;
  throw new ConfigurationError(
    `flags -${before} and -${name} both stand for ${option}`,
    'Give one of the two; the one named as the option is.',
  );
}

function flagIn(argument: string, position: number): { name: FlagName; value: string | undefined } {
  const [, word, value] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argument) ?? [];
  if (word === undefined) {
    throw new ConfigurationError(
      `argument ${position} is not a flag, and pamhook serve takes nothing else`,
      'A value with spaces needs quotes; true and false follow their flag after a =, as in -disable-mlock=false; the secret that kubehook takes here goes into a file, for signing-key-file.',
    );
  }
  const name = word === 'h' ? 'help' : word;
  if (!isOptionName(name) && !isAlias(name)) throw unknownFlag(word);
  return { name, value };
}

/** Only what a name is made of is shown: `"-signing-key SECRET"` as one argument is a common slip in a manifest. */
function unknownFlag(word: string): ConfigurationError {
  const [shown = ''] = /^[\w-]{0,64}/.exec(word) ?? [];
  const near = nearest(shown, [...optionNames, ...Object.keys(aliases)]);
  return new ConfigurationError(
    `unknown flag -${shown}${shown === word ? '' : '…'}${near === undefined ? '' : `: did you mean -${near}?`}`,
    'See pamhook serve --help; a flag and its value are two arguments, or one with a = between them.',
  );
}

/**
 * A boolean never eats the next argument; any other flag takes it, as in Go, but for another flag: a value was left out,
 * and what follows would become part of a name, a path or a fault, a secret perhaps.
 */
function valueAfter(name: FlagName, next: string | undefined): string {
  if (isBoolean(name)) return 'true';
  if (next !== undefined && !beginsWithFlag(next)) return next;
  throw new ConfigurationError(
    `flag -${name} needs a value: ${isAlias(name) ? aliasNamed(name).placeholder : optionNamed(name).format.expected}`,
    `Where it is to begin like a flag, write -${name}=VALUE.`,
  );
}

function beginsWithFlag(argument: string): boolean {
  const [, word = ''] = /^--?([\w-]+)/.exec(argument) ?? [];
  return isOptionName(word) || isAlias(word);
}

function isBoolean(name: FlagName): boolean {
  if (isAlias(name)) return aliasNamed(name).placeholder === undefined;
  return optionNamed(name).format.inFile === 'boolean';
}

function endsReading(name: FlagName, given: string): boolean {
  return (name === 'help' || name === 'version') && optionNamed(name).format.parse(given) === true;
}
