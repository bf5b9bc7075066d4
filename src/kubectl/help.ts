/** The help of the client commands, made from their tables. */
import { readFileSync } from 'node:fs';
import { packageRoot } from '../package-root.js';
import { type ClientCommandName, commandFlags, type FlagName, flagOf } from './flags.js';
import { clientSummaries } from './summaries.js';

const WIDTH = 100;

export function versionLine(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(`${packageRoot}package.json`, 'utf8'));
  return `pamhook ${manifest.version}\n`;
}

/** `program --help` */
export function listOfCommands(program: string): string {
  const names = Object.keys(clientSummaries) as ClientCommandName[];
  const widest = Math.max(...names.map((name) => name.length));
  const lines = names.map((name) => `  ${name.padEnd(widest)}  ${clientSummaries[name]}`);
  return `Usage: ${program} COMMAND [flags]\n       ${program} COMMAND --help\n\nCommands:\n${lines.join('\n')}\n`;
}

/** `program name --help`; `more`: what this command has to say beside its flags, in lines of at most 100 columns. */
export function commandHelp(program: string, name: ClientCommandName, more = ''): string {
  const names: readonly FlagName[] = commandFlags[name];
  const does = clientSummaries[name];
  const heading = `Usage: ${program} ${name} [flags]\n\n${does.charAt(0).toUpperCase()}${does.slice(1)}.\n`;
  return `${heading}${more === '' ? '' : `\n${more}\n`}\n${names.map((each) => flagLines(name, each)).join('\n')}\n`;
}

function flagLines(command: ClientCommandName, name: FlagName): string {
  const flag = flagOf(command, name);
  const facts = [
    ...(flag.default === undefined ? [] : [`default: ${flag.default}`]),
    ...(flag.variable === undefined ? [] : [`environment: ${flag.variable}`]),
  ];
  const text = [flag.does, ...facts].join('; ');
  return [`  --${name} ${flag.value ?? ''}`.trimEnd(), ...wrapped(text, ' '.repeat(8))].join('\n');
}

function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (line !== indent && line.length + word.length > WIDTH) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
