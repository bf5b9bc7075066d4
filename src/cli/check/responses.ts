/** The password and further responses for `pamhook check --user`: typed at the terminal, or lines of standard input. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { asJson } from '../../config/quote.js';
import { ConfigurationError } from '../../errors.js';
import { MAX_RESPONSES, MAX_TEXT_BYTES } from '../../native/arguments.js';
import type { Native, PamPrompt } from '../../native/native.js';
import { Secret } from '../../secret.js';

/** Where responses come from. The caller wipes them. Throws ConfigurationError. */
export interface Responses {
  /** The password first, then what else is known before PAM asks. */
  first(user: string): readonly Secret[];
  /** One a prompt; undefined: there is nobody to ask. */
  further(prompts: readonly PamPrompt[]): readonly Secret[] | undefined;
}

type SecretBuffers = Pick<Native, 'secretBuffer'>;

const STDIN = 0;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const INTERRUPT = 0x03;
const END = 0x04;
const BACKSPACE = 0x08;
const DELETE = 0x7f;
const KILL_LINE = 0x15;

/** All of standard input, a response a line. */
export function responsesFromStdin(native: SecretBuffers, fd = STDIN): Responses {
  return {
    first() {
      const bytes = native.secretBuffer(MAX_RESPONSES * (MAX_TEXT_BYTES + 1) + 1);
      const length = readAll(fd, bytes);
      if (length === bytes.length) throw new ConfigurationError('standard input is longer than all responses can be');
      const lines = linesOf(bytes.subarray(0, length));
      if (lines.length === 0)
        throw new ConfigurationError('standard input holds no password', 'give it as the first line');
      return lines.map((line) => new Secret(line));
    },
    further: () => undefined,
  };
}

function readAll(fd: number, bytes: Buffer): number {
  let length = 0;
  for (let read = -1; read !== 0 && length < bytes.length; length += read) {
    read = readSync(fd, bytes, length, bytes.length - length, null);
  }
  return length;
}

/** The last line needs no newline. */
function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

/** The controlling terminal, whatever standard input and output are. Throws ConfigurationError where there is none. */
export function responsesFromTerminal(native: SecretBuffers): Responses {
  return {
    first: (user) => [askOnTerminal(`Password of ${asJson(user)}: `, false, native)],
    further: (prompts) =>
      prompts.map(({ text, echo }) => askOnTerminal(`${asJson(text).slice(1, -1).trimEnd()} `, echo, native)),
  };
}

function askOnTerminal(prompt: string, echo: boolean, native: SecretBuffers): Secret {
  const fd = openTerminal();
  const terminal = new ReadStream(openTerminal());
  try {
    terminal.setRawMode(true);
    writeSync(fd, prompt);
    // Not by the stream: what is typed ahead stays in the terminal for the next prompt, and no other buffer holds a password.
    return new Secret(readLine(fd, echo, native.secretBuffer(MAX_TEXT_BYTES + 1)));
  } finally {
    writeSync(fd, '\r\n');
    terminal.setRawMode(false);
    terminal.destroy();
    closeSync(fd);
  }
}

function openTerminal(): number {
  try {
    return openSync('/dev/tty', 'r+');
  } catch (cause) {
    throw new ConfigurationError('there is no terminal to ask for the password on', 'give --password-stdin', { cause });
  }
}

/** In raw mode each key comes as it is. */
function readLine(fd: number, echo: boolean, line: Buffer): Buffer {
  const key = Buffer.alloc(1);
  let length = 0;
  while (true) {
    const code = readSync(fd, key, 0, 1, null) === 0 ? END : (key[0] ?? END);
    key.fill(0);
    if (code === NEWLINE || code === CARRIAGE_RETURN) return line.subarray(0, length);
    if (code === INTERRUPT || code === END) throw new ConfigurationError('nothing was entered');
    if (code === KILL_LINE) length = 0;
    else if (code === BACKSPACE || code === DELETE) length = beforeLastCharacter(line, length);
    else if (length < line.length) line[length++] = code;
    if (echo) writeSync(fd, `\r\x1b[K${asJson(line.toString('utf8', 0, length)).slice(1, -1)}`);
  }
}

/** Where the last character of UTF-8 begins. */
function beforeLastCharacter(line: Buffer, length: number): number {
  let at = Math.max(length - 1, 0);
  while (at > 0 && ((line[at] ?? 0) & 0xc0) === 0x80) at--;
  return at;
}
