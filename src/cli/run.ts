/** The first word of the command line chooses the command; flags alone mean `serve`, as pam_hook was called. */
import type { CommandName } from '../config/help.js';
import { nearest } from '../config/suggestion.js';
import { type Command, type CommandIo, runCommand } from './command.js';

/** Loaded when called: a command does not pay for the others. */
const commands: Readonly<Record<CommandName, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.js')).runServe,
  check: async () => (await import('./check.js')).runCheck,
  init: async () => (await import('./init.js')).runInit,
  keys: async () => (await import('./keys.js')).runKeys,
  verify: async () => (await import('./verify.js')).runVerify,
};

/** Resolves to the exit code. */
export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const [first = '', ...rest] = argv;
  const isFlag = first === '' || first.startsWith('-');
  const name = isFlag ? 'serve' : first;
  const load = isCommand(name) ? commands[name] : undefined;
  if (load === undefined) {
    const known = Object.keys(commands).join(', ');
    // The word itself may be a secret: kubehook takes its own there.
    const near = nearest(name, Object.keys(commands));
    const hint = near === undefined ? '' : ` ${JSON.stringify(name)}, perhaps ${near}`;
    io.stderr.write(`pamhook: unknown command${hint}; the commands are ${known}, see pamhook --help\n`);
    return 2;
  }
  return runCommand(isFlag ? 'pamhook' : `pamhook ${name}`, await load(), isFlag ? argv : rest, io);
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}
