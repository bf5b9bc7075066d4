/** A person at a terminal, for commands that ask one: a real pseudo-terminal, made by Python. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Ending } from '../harness/scratch.js';

const BRIDGE = fileURLToPath(new URL('../../../test/kubectl/in-terminal.py', import.meta.url));

export interface AtTerminal {
  /** null: killed by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** All that the terminal showed. */
  readonly shown: string;
  /** Whether it echoes again. */
  readonly echoes: boolean;
}

export interface Person {
  /** Of the bridge, which is the parent of what runs on the terminal. */
  readonly pid: number;
  /** Resolves when the terminal has shown this text once more than the calls before it saw; rejects when the command ends without. */
  sees(text: string): Promise<void>;
  types(text: string): void;
  readonly ended: Promise<AtTerminal>;
}

export interface TerminalOptions {
  readonly env: NodeJS.ProcessEnv;
  /** What standard input is; default: nothing. */
  readonly input?: string;
}

/** Nothing of it is left when the test ends. */
export function atTerminal(t: Ending, command: readonly string[], { env, input = '' }: TerminalOptions): Person {
  const child = spawn('python3', [BRIDGE, ...command], {
    env,
    stdio: ['pipe', 'pipe', 'inherit', 'pipe', 'pipe', 'pipe'],
  });
  const [shown, stdout, stderr] = [1, 3, 4].map((fd) => collect(child.stdio[fd] as NodeJS.ReadableStream));
  const stdin: unknown = child.stdio.at(5);
  (stdin as NodeJS.WritableStream).on('error', () => {}).end(input);
  child.stdin?.on('error', () => {});
  let over = false;
  const closed = once(child, 'close').then(() => {
    over = true;
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  let seen = 0;
  return {
    pid: child.pid ?? 0,
    async sees(text) {
      for (;;) {
        const at = shown?.().indexOf(text, seen) ?? -1;
        if (at >= 0) {
          seen = at + text.length;
          return;
        }
        if (over) throw new Error(`ended without ${JSON.stringify(text)}: ${shown?.()}${stderr?.()}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    types: (text) => void child.stdin?.write(text),
    ended: closed.then(() => {
      const [screen = '', end = '{}'] = (shown?.() ?? '').split('\0');
      const { code, echoes }: { code: number; echoes: boolean } = JSON.parse(end);
      return { code, echoes, shown: screen, stdout: stdout?.() ?? '', stderr: stderr?.() ?? '' };
    }),
  };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}
