/** The person's terminal, whatever standard input and output are: asks there, and shows nothing of a password. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import type { Secret } from '../../secret.js';
import { Interrupted, LoginFailure } from '../failure.js';
import { Line } from './typed-line.js';

/** Milliseconds without a key: a prompt that nobody sees is not to wait for ever. */
const PATIENCE = 120_000;

/** As a shell counts them: 128 and the number of the signal. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGQUIT: 131 } as const;
type Signal = keyof typeof SIGNALS;

const KEYS = {
  interrupt: 0x03,
  end: 0x04,
  newline: 0x0a,
  carriageReturn: 0x0d,
  suspend: 0x1a,
  quit: 0x1c,
} as const;

export interface Terminal {
  /** What is typed until Enter. Throws Interrupted, or LoginFailure where nothing came. */
  ask(prompt: string, echo: boolean): Promise<Secret>;
  close(): void;
}

/** undefined: this process has none. */
export function openTerminal(patience = PATIENCE): Terminal | undefined {
  const device = process.platform === 'win32' ? '\\\\.\\CONIN$' : '/dev/tty';
  try {
    const output = process.platform === 'win32' ? openSync('\\\\.\\CONOUT$', 'w') : openSync(device, 'w');
    const input = new ReadStream(openSync(device, 'r+'));
    return terminalOf(input, output, patience);
  } catch {
    return undefined;
  }
}

function terminalOf(input: ReadStream, output: number, patience: number): Terminal {
  // What was typed ahead, for the next prompt.
  let ahead: number[] = [];
  input.pause();
  return {
    async ask(prompt, echo) {
      const line = new Line(echo ? (text) => writeSync(output, `\r\x1b[K${prompt}${text}`) : () => {});
      const enter = () => {
        // Both ways, for after SIGCONT the terminal is as the shell left it, whatever is known here.
        input.setRawMode(false);
        input.setRawMode(true);
        writeSync(output, prompt);
      };
      try {
        ahead = await typed(input, line, { ahead, patience, enter });
        return line.secret();
      } finally {
        line.wipe();
        input.pause();
        input.setRawMode(false);
        writeSync(output, '\n');
      }
    },
    close() {
      input.destroy();
      closeSync(output);
    },
  };
}

interface Typing {
  readonly ahead: readonly number[];
  readonly patience: number;
  /** Makes the terminal ready, and shows the prompt. */
  readonly enter: () => void;
}

/** Resolves at Enter, with the keys that came behind it. */
function typed(input: ReadStream, line: Line, { ahead, patience, enter }: Typing): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(() => reject(nobody(patience))), patience);
    const onSignal = (signal: Signal) => finish(() => reject(new Interrupted(SIGNALS[signal])));
    const onEnd = () => finish(() => reject(nothing()));
    let stopped: NodeJS.Timeout | undefined;
    const onContinue = () => {
      clearTimeout(stopped);
      stopped = undefined;
      enter();
    };
    const goOn = () => {
      if (stopped !== undefined) onContinue();
    };
    /** As Ctrl-Z does it, for the whole job. Where nothing could be stopped, it goes on by itself: after SIGCONT, if that is there. */
    const suspend = () => {
      input.setRawMode(false);
      stopped = setTimeout(() => setImmediate(goOn), 100);
      process.kill(0, 'SIGTSTP');
    };
    const onData = (chunk: Buffer) => {
      timer.refresh();
      const keys = [...chunk];
      chunk.fill(0);
      take(keys);
    };
    function take(keys: number[]): void {
      try {
        const rest = takeKeys(keys, line, suspend);
        if (rest !== undefined) finish(() => resolve(rest));
      } catch (error) {
        finish(() => reject(error));
      }
    }
    function finish(settle: () => void): void {
      clearTimeout(timer);
      clearTimeout(stopped);
      stopped = undefined;
      input.off('data', onData).off('end', onEnd).off('error', onEnd);
      process.off('SIGCONT', onContinue);
      for (const signal of Object.keys(SIGNALS)) process.off(signal, onSignal);
      settle();
    }
    for (const signal of Object.keys(SIGNALS)) process.on(signal, onSignal);
    process.on('SIGCONT', onContinue);
    input.on('data', onData).on('end', onEnd).on('error', onEnd);
    // Only now: a signal that came before would leave the terminal without its echo.
    enter();
    take([...ahead]);
    input.resume();
  });
}

/** The keys behind Enter; undefined: it has not come yet. */
function takeKeys(keys: readonly number[], line: Line, suspendAll: () => void): number[] | undefined {
  for (const [at, key] of keys.entries()) {
    switch (key) {
      case KEYS.newline:
      case KEYS.carriageReturn:
        return keys.slice(at + 1);
      case KEYS.interrupt:
        // In raw mode the terminal sends none: to all whom it would have.
        process.kill(0, 'SIGINT');
        throw new Interrupted(SIGNALS.SIGINT);
      case KEYS.quit:
        throw new Interrupted(SIGNALS.SIGQUIT);
      case KEYS.suspend:
        suspendAll();
        break;
      case KEYS.end:
        if (line.isEmpty()) throw nothing();
        return keys.slice(at + 1);
      default:
        line.take(key);
    }
  }
  return undefined;
}

function nothing(): LoginFailure {
  return new LoginFailure('nothing was entered');
}

function nobody(patience: number): LoginFailure {
  return new LoginFailure(`nothing was entered for ${patience / 1000} s`);
}
