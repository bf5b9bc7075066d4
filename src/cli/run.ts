/** The first word of the command line chooses the command; flags alone mean `serve`, as pam_hook was called. */
import type { CommandName } from '../config/help.js';
import { nearest } from '../config/suggestion.js';
import { COMPLETE } from '../kubectl/completion/grammar.js';
import type { ClientCommandName } from '../kubectl/flags.js';
import { clientSummaries, isClientCommand } from '../kubectl/summaries.js';
import { type Command, type CommandIo, runCommand } from './command.js';

/** Loaded when called: a command does not pay for the others. */
const commands: Readonly<Record<CommandName, (name: string) => Promise<Command>>> = {
  serve: async (name) => (await import('./serve.js')).serveAs(name),
  check: async () => (await import('./check.js')).runCheck,
  init: async () => (await import('./init.js')).runInit,
  keys: async () => (await import('./keys.js')).runKeys,
  verify: async () => (await import('./verify.js')).runVerify,
};

/** What `process` has. */
export interface RunIo extends CommandIo {
  readonly stdin: NonNullable<CommandIo['stdin']>;
}

/** Resolves to the exit code. */
export async function run(argv: readonly string[], io: RunIo): Promise<number> {
  const [first = '', ...rest] = argv;
  const isFlag = first === '' || first.startsWith('-');
  if (isClientCommand(first)) return runClient(first, rest, io);
  if (first === COMPLETE) return runCompletion(rest, io);
  const name = isFlag ? 'serve' : first;
  const load = isCommand(name) ? commands[name] : undefined;
  if (load === undefined) {
    const all = Object.keys({ ...commands, ...clientSummaries });
    // The word itself may be a secret: kubehook takes its own there.
    const near = nearest(name, all);
    const hint = near === undefined ? '' : ` ${JSON.stringify(name)}, perhaps ${near}`;
    io.stderr.write(`pamhook: unknown command${hint}; the commands are ${all.join(', ')}, see pamhook --help\n`);
    return 2;
  }
  const called = isFlag ? 'pamhook' : `pamhook ${name}`;
  return runCommand(called, await load(called), isFlag ? argv : rest, io);
}

async function runClient(name: ClientCommandName, argv: readonly string[], io: RunIo): Promise<number> {
  const [{ runClientCommand }, { readEnvironment }] = await Promise.all([
    import('../kubectl/run.js'),
    import('../kubectl/io.js'),
  ]);
  const { stdout, stderr } = io;
  return runClientCommand(name, argv, {
    program: 'pamhook',
    environment: readEnvironment(),
    // Opened when it is read.
    get stdin() {
      return io.stdin;
    },
    stdout,
    stderr,
    now: Date.now,
  });
}

async function runCompletion(words: readonly string[], { stdout }: RunIo): Promise<number> {
  const [{ runComplete }, { readEnvironment }] = await Promise.all([
    import('./completion.js'),
    import('../kubectl/io.js'),
  ]);
  return runComplete(words, { environment: readEnvironment(), stdout });
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}
