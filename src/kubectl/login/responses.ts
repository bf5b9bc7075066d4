/** Where the password and what else PAM wants to know come from: lines that were given, else the person at the terminal. */
import { Secret } from '../../secret.js';
import { LoginFailure } from '../failure.js';
import type { ClientIo } from '../io.js';
import { printable } from '../printable.js';
import type { ClientSettings } from '../settings.js';
import { linesOfCommand, linesOfStdin } from './given-lines.js';
import type { Prompt } from './server.js';
import { openTerminal, type Terminal } from './terminal.js';

/** The caller wipes the secrets. */
export interface Responses {
  /** Whether a person is there, who may have mistyped. */
  readonly canAskAgain: boolean;
  /** Throws LoginFailure, Interrupted. */
  password(): Promise<Secret>;
  /** One for each prompt. Throws LoginFailure, Interrupted. */
  further(prompts: readonly Prompt[]): Promise<readonly Secret[]>;
  close(): void;
}

/** Throws LoginFailure where there is nobody and nothing to ask. */
export async function openResponses(settings: ClientSettings, io: ClientIo): Promise<Responses> {
  const { passwordStdin, passwordCommand, environment } = settings;
  if (passwordStdin) return givenLines(await linesOfStdin(io.stdin));
  if (passwordCommand !== undefined) return givenLines(await linesOfCommand(passwordCommand, environment));
  const terminal = openTerminal();
  if (terminal !== undefined) return atTerminal(terminal, settings);
  throw new LoginFailure(
    `no token of ${settings.username} at ${settings.server.href} is kept, and there is no terminal to ask for the password on`,
    `run ${io.program} login on one, or give --password-command`,
  );
}

function atTerminal(terminal: Terminal, { username, server }: ClientSettings): Responses {
  return {
    canAskAgain: true,
    async password() {
      const password = await terminal.ask(`Password of ${printable(username)} at ${printable(server.host)}: `, false);
      if (password.bytes().length === 0) throw new LoginFailure('nothing was entered');
      return password;
    },
    further: (prompts) => askAll(terminal, prompts),
    close: () => terminal.close(),
  };
}

async function askAll(terminal: Terminal, prompts: readonly Prompt[]): Promise<readonly Secret[]> {
  const responses: Secret[] = [];
  for (const { text, echo } of prompts) responses.push(await terminal.ask(`${printable(text).trimEnd()} `, echo));
  return responses;
}

/** What they have no line for, a person is asked where there is one. */
function givenLines(lines: readonly Secret[]): Responses {
  const [password = new Secret(Buffer.alloc(0)), ...rest] = lines;
  const terminals: Terminal[] = [];
  return {
    canAskAgain: false,
    password: async () => password,
    async further(prompts) {
      const known = rest.splice(0, prompts.length);
      const missing = prompts.slice(known.length);
      if (missing.length === 0) return known;
      const terminal = openTerminal();
      if (terminal === undefined) throw noLine(missing);
      terminals.push(terminal);
      return [...known, ...(await askAll(terminal, missing))];
    },
    close() {
      for (const secret of [...lines, ...rest]) secret.wipe();
      for (const terminal of terminals) terminal.close();
    },
  };
}

function noLine([prompt]: readonly Prompt[]): LoginFailure {
  return new LoginFailure(
    `pamhook also asks ${JSON.stringify(printable(prompt?.text ?? '').trim())}, for which no line was given`,
    'give the response as the line after the password',
  );
}
