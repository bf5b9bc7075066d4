/** The command line of a client command, read by the table of its flags. */
import { parseArgs } from 'node:util';
import { ConfigurationError } from '../errors.js';
import { type ClientCommandName, commandFlags, type Flag, type FlagName, flagOf, flags } from './flags.js';
import { printable } from './printable.js';

/** The flags that were given. An absent name was not. */
export type GivenFlags = Partial<Record<FlagName, string | boolean | readonly string[]>>;

/** One dash or two. Throws ConfigurationError, which shows no value: a password may have been put where it does not belong. */
export function parseClientArguments(program: string, name: ClientCommandName, argv: readonly string[]): GivenFlags {
  const names: readonly FlagName[] = commandFlags[name];
  const options = Object.fromEntries(names.map((each) => [each, optionOf(flagOf(name, each))]));
  const see = `try: ${program} ${name} --help`;
  const values = parse(argv, options, see);
  for (const [flag, value] of Object.entries(values)) checkWord(flag as FlagName, value as GivenFlags[FlagName], see);
  return values as GivenFlags;
}

function optionOf({ value, repeated }: Flag): { type: 'string' | 'boolean'; multiple?: true; short?: string } {
  if (value === undefined) return { type: 'boolean' };
  return { type: 'string', ...(repeated ? { multiple: true as const } : {}) };
}

function parse(argv: readonly string[], options: Record<string, ReturnType<typeof optionOf>>, see: string) {
  try {
    return parseArgs({ args: argv.map(twoDashes), options, allowPositionals: false }).values;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') {
      throw new ConfigurationError('there is a word too many, which belongs to no flag', see);
    }
    const [line = ''] = error instanceof Error ? error.message.split(/\n|\. /, 1) : [];
    throw new ConfigurationError(printable(line), see, { cause: error });
  }
}

function checkWord(name: FlagName, value: GivenFlags[FlagName], see: string): void {
  const { words }: Flag = flags[name];
  if (words !== undefined && !words.includes(String(value))) {
    throw new ConfigurationError(`--${name} must be one of ${words.join(', ')}`, see);
  }
}

function twoDashes(argument: string): string {
  return /^-[a-z][a-z-]+(=|$)/.test(argument) ? `-${argument}` : argument;
}
