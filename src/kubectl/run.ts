/** Runs a client command by its name; what it throws becomes one line on standard error. */
import { ConfigurationError } from '../errors.js';
import { clientCommands } from './commands.js';
import { COMPLETE, clientGrammar } from './completion/grammar.js';
import { Interrupted, LoginFailure } from './failure.js';
import type { ClientCommandName } from './flags.js';
import type { ClientIo } from './io.js';
import { printable } from './printable.js';
import { clientSummaries, isClientCommand } from './summaries.js';

/** Resolves to the exit code. */
export async function runClientCommand(
  name: ClientCommandName,
  argv: readonly string[],
  io: ClientIo,
): Promise<number> {
  try {
    const run = await clientCommands[name]();
    return await run(argv, io);
  } catch (fault) {
    if (fault instanceof Interrupted) return fault.exitCode;
    io.stderr.write(`${io.program} ${name}: ${lineOf(fault)}\n`);
    return fault instanceof ConfigurationError ? 2 : 1;
  }
}

/** `kubectl pamhook ...`: the first word is the command. */
export async function runPlugin(argv: readonly string[], io: ClientIo): Promise<number> {
  const [name = '', ...rest] = argv;
  if (isClientCommand(name)) return runClientCommand(name, rest, io);
  if (name === COMPLETE) {
    const { completionAnswer } = await import('./completion/answer.js');
    io.stdout.write(await completionAnswer(rest, clientGrammar(), io.environment));
    return 0;
  }
  const { listOfCommands, versionLine } = await import('./help.js');
  if (/^(--?version|version)$/.test(name)) {
    io.stdout.write(versionLine());
    return 0;
  }
  if (/^(|--?h(elp)?|help)$/.test(name)) {
    io.stdout.write(listOfCommands(io.program));
    return 0;
  }
  const known = Object.keys(clientSummaries).join(', ');
  io.stderr.write(`${io.program}: unknown command ${JSON.stringify(printable(name))}; the commands are ${known}\n`);
  return 2;
}

/** With what to do about it, where that is known. */
function lineOf(fault: unknown): string {
  if (!(fault instanceof Error)) return 'failed';
  const cure = fault instanceof ConfigurationError || fault instanceof LoginFailure ? fault.cure : undefined;
  return printable(cure === undefined ? fault.message : `${fault.message}; ${cure}`);
}
