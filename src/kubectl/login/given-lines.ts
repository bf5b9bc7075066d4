/** The password and further responses as lines: of standard input, or of what a command prints. */
import { Secret } from '../../secret.js';
import { LoginFailure } from '../failure.js';
import type { Environment } from '../io.js';

/** Bytes: nine responses, and more. */
const LONGEST = 8192;
/** Milliseconds: it may ask a person something. */
const PATIENCE = 120_000;

/** Throws LoginFailure. */
export async function linesOfStdin(stdin: AsyncIterable<string | Uint8Array>): Promise<readonly Secret[]> {
  return linesOf(await readAll(stdin, 'standard input'), 'standard input');
}

/** What the command says on standard error, the person sees. Throws LoginFailure. */
export async function linesOfCommand(
  command: string,
  environment: Environment,
  patience = PATIENCE,
): Promise<readonly Secret[]> {
  const { spawn } = await import('node:child_process');
  const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'inherit'], env: { ...environment } });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
    // What the shell has started may hold its other end.
    child.stdout.destroy();
  }, patience);
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => resolve(code ?? signal ?? 0));
  });
  try {
    const [text, code] = await Promise.all([readAll(child.stdout, '--password-command'), ended]);
    if (code === 0) return linesOf(text, '--password-command');
    text.fill(0);
    throw new LoginFailure(`--password-command ended with ${code}`, 'run it by itself to see why');
  } catch (error) {
    throw isLate ? new LoginFailure(`--password-command did not end within ${patience / 1000} s`) : error;
  } finally {
    clearTimeout(timer);
    child.kill();
  }
}

async function readAll(stream: AsyncIterable<string | Uint8Array>, from: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    length += chunk.length;
    if (length > LONGEST) throw new LoginFailure(`${from} gives more than ${LONGEST} bytes`);
  }
  return Buffer.concat(chunks);
}

/** The last line needs no newline. */
function linesOf(bytes: Buffer, from: string): readonly Secret[] {
  const lines: Secret[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf('\n', start);
    const end = newline < 0 ? bytes.length : newline;
    const isWindows = bytes[end - 1] === 0x0d && end > start;
    lines.push(new Secret(Buffer.from(bytes.subarray(start, isWindows ? end - 1 : end))));
    start = end + 1;
  }
  bytes.fill(0);
  if (lines[0] === undefined || lines[0].bytes().length === 0) {
    throw new LoginFailure(`${from} holds no password`, 'give it as the first line');
  }
  return lines;
}
