/** What all commands share: where they write, and how their faults become one line and an exit code. */
import { ConfigurationError, PamhookError } from '../errors.js';

/** Where a command reads and writes; `process` fits. */
export interface CommandIo {
  /** For commands that read something there. */
  readonly stdin?: AsyncIterable<string | Uint8Array> & { readonly isTTY?: boolean };
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** The exit code is 0, 1 when something failed, 2 when arguments, files or environment are not as they must be; a command may have more. */
export type Command = (argv: readonly string[], io: CommandIo) => Promise<number>;

/** Runs a command; what it throws becomes one line on standard error. */
export async function runCommand(
  name: string,
  command: Command,
  argv: readonly string[],
  io: CommandIo,
): Promise<number> {
  try {
    return await command(argv, io);
  } catch (fault) {
    io.stderr.write(`${name}: ${explain(fault)}\n`);
    return fault instanceof ConfigurationError ? 2 : 1;
  }
}

/** One line, with the cure where there is one. */
export function explain(fault: unknown): string {
  if (!(fault instanceof Error)) return 'failed';
  const cure = fault instanceof ConfigurationError && fault.cure !== undefined ? `; ${fault.cure}` : '';
  const code = fault instanceof PamhookError && !(fault instanceof ConfigurationError) ? `${fault.code}: ` : '';
  return `${code}${fault.message}${cure}`.replaceAll(/\p{Cc}+/gu, ' ');
}
