/** Starting, watching and ending one child process with its channel; runs in the supervisor. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { PamhookError } from '../errors.js';
import type { Logger, ProcessName } from '../log/logger.js';
import { packageRoot } from '../package-root.js';
import { type ChannelEvents, openChannel } from './channel.js';
import type { Shape } from './shape.js';

/** A child that answers no ping for so long is taken for dead. */
const SILENCE_LIMIT = 5_000;
/** One that has said nothing yet is still loading its code, which takes many seconds where a container may use a tenth of a processor. */
const START_LIMIT = 60_000;
const PING_INTERVAL = 1_000;

/** The descriptor of the channel in every child; the front has the listening sockets behind it. */
export const CHANNEL_FD = 3;
export const LISTENING_FD = 4;
/** Where there is a listener for reviews alone. */
export const WEBHOOK_FD = 5;

export interface Child<Out> {
  readonly pid: number;
  send(frame: Out): void;
  /** false: it is about to end, and answers nothing more. */
  alive(): boolean;
  /** Stops the child from being taken for dead while it cannot answer (a PAM worker blocked in libpam). */
  expectAnswers(expected: boolean): void;
  /** Lets the child end by itself: it does so when its channel ends. */
  dismiss(): void;
  /** SIGKILL, to the child and to the helpers in its session. No frame of its follows. */
  kill(): void;
}

export type ChildName = Exclude<ProcessName, 'supervisor'>;

export interface ChildSpec<In, Out> {
  readonly name: ChildName;
  readonly shape: Shape<In>;
  readonly environment: NodeJS.ProcessEnv;
  /** Node's own. */
  readonly flags?: readonly string[];
  readonly log: Logger;
  /** The running children of this process by pid, kept here: what is not among them is an orphan. */
  readonly children: Map<number, ChildName>;
  /** Frames that it may leave unread. */
  readonly mostUnread: number;
  /** Passed on from LISTENING_FD on. */
  readonly listeningFds?: readonly number[];
  onFrame(frame: In, child: Child<Out>): void;
  /** At each frame, answers to pings among them. */
  onAlive?(): void;
  /** Once, when the process is gone, and no frame follows; `how` is its exit code, signal, or why it could not be started. */
  onExit(how: string): void;
}

/**
 * Starts `dist/privsep/<name>.js` with an inherited socketpair. In a session of its own: a Ctrl-C at the terminal
 * reaches the supervisor alone, and a PAM module finds no terminal to talk to.
 */
export function startChild<In extends { readonly kind: string }, Out>(
  spec: ChildSpec<In, Out>,
): Child<Out | { kind: 'ping' }> {
  const process = spawnChild(spec);
  return process === undefined ? NOBODY : watchChild(process, spec);
}

function watchChild<In extends { readonly kind: string }, Out>(
  process: Started,
  spec: ChildSpec<In, Out>,
): Child<Out | { kind: 'ping' }> {
  const { pid } = process;
  const liveness = watchLiveness(() => {
    spec.log.error('a process answers no longer and is killed', { name: spec.name, pid });
    kill();
  });
  const events: ChannelEvents<In> = {
    onFrame(frame) {
      liveness.heard();
      spec.onAlive?.();
      if (frame.kind !== 'pong') spec.onFrame(frame, child);
      else if (!liveness.answered()) breach(new PamhookError('ERR_PROTOCOL', 'a pong nobody asked for'));
    },
    onEnd(fault) {
      if (fault !== undefined) breach(fault);
      // What it does from now on is of no use to anybody.
      else if (!dismissed) kill();
    },
  };
  const stream = process.stdio[CHANNEL_FD] as Duplex;
  const channel = openChannel<In, Out | { kind: 'ping' }>(stream, spec.shape, events, spec.mostUnread);
  const child = { pid, send, alive: () => alive, expectAnswers: liveness.expect, dismiss, kill };
  let alive = true;
  let dismissed = false;

  function send(frame: Out | { kind: 'ping' }): void {
    channel.send(frame);
  }
  function breach(fault: Error): void {
    spec.log.error('the channel to a process broke and it is killed', { name: spec.name, pid, fault });
    kill();
  }
  function kill(): void {
    alive = false;
    channel.cut();
    killSession(process);
  }
  function dismiss(): void {
    dismissed = true;
    liveness.expect(false);
    channel.close();
  }

  spec.children.set(pid, spec.name);
  liveness.start(() => channel.send({ kind: 'ping' }));
  process.once('exit', (code, signal) => {
    liveness.stop();
    kill();
    spec.children.delete(pid);
    spec.onExit(signal ?? `exit code ${code}`);
  });
  return child;
}

type Started = ChildProcess & { readonly pid: number };

/** What stands for a process that could not be started, until its end is told. */
const NOBODY: Child<unknown> = {
  pid: 0,
  send() {},
  alive: () => false,
  expectAnswers() {},
  dismiss() {},
  kill() {},
};

/** undefined when the system has no process, descriptor or memory left; `onExit` then says so, after this call. */
function spawnChild<In, Out>(spec: ChildSpec<In, Out>): Started | undefined {
  const entry = `${packageRoot}dist/privsep/${spec.name}.js`;
  try {
    const process = spawn(globalThis.process.execPath, [...(spec.flags ?? []), entry], {
      cwd: '/',
      detached: true,
      env: spec.environment,
      stdio: ['ignore', 'ignore', 'inherit', 'pipe', ...(spec.listeningFds ?? [])],
    });
    if (process.pid !== undefined) return process as Started;
    process.once('error', (fault) => spec.onExit(fault.message));
    // Without descriptors there is not even an empty list, whatever the types say.
    for (const end of (process.stdio as ChildProcess['stdio'] | undefined) ?? []) end?.destroy();
  } catch (fault) {
    setImmediate(() => spec.onExit((fault as Error).message));
  }
  return undefined;
}

/** The child leads its session and process group: helpers of PAM modules that stayed in it go with it. */
function killSession(child: Started): void {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // ESRCH: nobody is left.
  }
}

interface Liveness {
  start(ping: () => void): void;
  heard(): void;
  /** false: there was no ping to answer. */
  answered(): boolean;
  expect(expected: boolean): void;
  stop(): void;
}

function watchLiveness(onSilence: () => void): Liveness {
  let timer: NodeJS.Timeout | undefined;
  let expected = true;
  let missed = 0;
  let awaiting = false;
  let unanswered = 0;
  let limit = START_LIMIT;
  return {
    start(ping) {
      timer = setInterval(() => {
        if (!expected) return;
        missed = awaiting ? missed + 1 : 0;
        if (missed * PING_INTERVAL >= limit) onSilence();
        else if (!awaiting) {
          awaiting = true;
          unanswered += 1;
          ping();
        }
      }, PING_INTERVAL);
      timer.unref();
    },
    heard() {
      limit = SILENCE_LIMIT;
      awaiting = false;
      missed = 0;
    },
    answered() {
      unanswered -= 1;
      return unanswered >= 0;
    },
    expect(value) {
      expected = value;
      awaiting = false;
      missed = 0;
    },
    stop: () => clearInterval(timer),
  };
}
