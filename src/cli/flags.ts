/** The flags of the commands that are not `serve`: one dash or two, as everywhere in pamhook. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { duration } from '../config/format.js';
import { quote } from '../config/quote.js';
import { ConfigurationError } from '../errors.js';

/** The values of the flags, and nothing else is taken. Throws ConfigurationError. */
export function parseFlags<const T extends NonNullable<ParseArgsConfig['options']>>(
  command: string,
  argv: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ options: T }>>['values'] {
  try {
    return parseArgs({ args: argv.map(twoDashes), options, allowPositionals: false }).values;
  } catch (error) {
    throw new ConfigurationError(oneLine(error), `try: pamhook ${command} --help`, { cause: error });
  }
}

/** Milliseconds, as all bounds here. Throws ConfigurationError, which shows the value. */
export function parseDurationFlag(name: string, text: string, least: number, most: number): number {
  const format = duration(least, most);
  try {
    const value = format.parse(text);
    if (format.holds(value)) return value;
  } catch (error) {
    throw new ConfigurationError(`--${name}: ${(error as RangeError).message}`);
  }
  throw new ConfigurationError(`--${name} must be ${format.expected}, not ${quote(text)}`);
}

/** Throws ConfigurationError, which shows the value. */
export function parseChoice<const W extends string>(name: string, text: string, words: readonly W[]): W {
  const word = words.find((each) => each === text);
  if (word !== undefined) return word;
  throw new ConfigurationError(`--${name} must be one of ${words.join(', ')}, not ${quote(text)}`);
}

function twoDashes(argument: string): string {
  return /^-[a-z][a-z-]+(=|$)/.test(argument) ? `-${argument}` : argument;
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}
