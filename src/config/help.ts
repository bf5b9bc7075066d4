/** `pamhook --help`: the commands, and every option of `serve` with its environment name, default and an example; printed by the supervisor. */
import { aliases } from './kubehook.js';
import { type OptionName, optionNamed, optionNames } from './options.js';
import { asJson } from './quote.js';

const WIDTH = 100;
const INDENT = ' '.repeat(8);

/** What each command does. */
export const commands = {
  serve: 'serves tokens and reviews; what pamhook does without a command',
  check: 'names all that is wrong with a set-up, each with its cure',
  init: 'makes certificates, a signing key and what kube-apiserver and PAM need',
  keys: 'turns signing keys without a token being lost',
  verify: 'shows a token, and what a review of it would answer and why',
} as const;

export type CommandName = keyof typeof commands;

function usage(clients: Readonly<Record<string, string>>): string {
  return `Usage: pamhook [serve] [flags]
       pamhook COMMAND --help

Commands:
${commandLines({ ...commands, ...clients })}

pamhook serve turns Unix passwords into tokens and answers TokenReviews of kube-apiserver. Its flags
take one dash or two, -flag value or -flag=value; they beat the environment, which beats the
--config file. Durations are written as in Go: 500ms, 90s, 10m, 1h30m.
Flags that kubehook calls otherwise are taken too:
${aliasTexts()
  .map((text) => `  ${text}`)
  .join('\n')}
`;
}

/** `clients`: the commands that are no part of the daemon, and what each does. */
export function helpText(clients: Readonly<Record<string, string>> = {}): string {
  return `${usage(clients)}\n${optionNames.map(entry).join('\n')}`;
}

/** Such as `-tls-cert for -cert-file`. */
export function aliasTexts(): string[] {
  return Object.entries(aliases).map(
    ([name, { stands, placeholder }]) =>
      `-${name} for ${stands.map((each) => `-${each}`).join(' and ')}${placeholder === undefined ? ' 2' : ''}`,
  );
}

function commandLines(all: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(all).map((name) => name.length)) + 2;
  return Object.entries(all)
    .map(([name, does]) => `  ${name.padEnd(width)}${does}`)
    .join('\n');
}

function entry(name: OptionName): string {
  const { doc, environment, format } = optionNamed(name);
  const must = format.obvious ? '' : ` Must be ${format.expected}${unitOf(name)}.`;
  const facts = [
    environment === undefined ? '' : `Environment: ${environment}. `,
    `Default: ${defaultText(name)}. `,
    `Example: ${exampleText(name)}`,
  ];
  const heading = `  -${name} ${format.placeholder}`.trimEnd();
  return [heading, ...wrap((doc + must).split(/(?<= )/)), ...wrap(facts), ''].join('\n');
}

/** Such as `, in minutes`; empty for what has no unit or carries it. */
export function unitOf(name: OptionName): string {
  const { unit } = optionNamed(name);
  return unit === undefined ? '' : `, in ${unit}`;
}

/** The default as a flag would take it; `not set` and `empty` in words. */
export function defaultText(name: OptionName): string {
  const { format, default: value } = optionNamed(name);
  if (value === undefined) return 'not set';
  const printed = format.print(value);
  const shown = typeof printed === 'string' ? printed : asJson(printed);
  return shown === '' || shown === '[]' ? 'empty' : shown;
}

/** The flag with its example value. */
export function exampleText(name: OptionName): string {
  const { format, example } = optionNamed(name);
  return format.placeholder === '' ? `-${name}=${example}` : `-${name} ${example}`;
}

/** Pieces that end with the space before the next. */
function wrap(pieces: readonly string[]): string[] {
  const lines: string[] = [];
  let line = INDENT;
  for (const piece of pieces) {
    if (line !== INDENT && (line + piece).trimEnd().length > WIDTH) {
      lines.push(line.trimEnd());
      line = INDENT;
    }
    line += piece;
  }
  return [...lines, line];
}
