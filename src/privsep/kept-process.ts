/** Keeps a process running that the service can do without: starts it, replaces it when it dies, lets it end; runs in the supervisor. */
import { PamhookError } from '../errors.js';
import type { Logger } from '../log/logger.js';
import { createBackOff } from './back-off.js';
import type { Child } from './child.js';

/** A process told to end has so long for what it still has to do. */
const DISMISSAL_LIMIT = 2_000;

export interface KeptProcessOptions<In, Out> {
  /** What the log calls it. */
  readonly what: string;
  readonly start: (events: { onFrame(frame: In): void; onExit(how: string): void }) => Child<Out>;
  /** Asked for at each start. */
  readonly configuration: () => Out;
  /** Called at each start: takes the frames of that process, and throws ERR_PROTOCOL for those it should not send. */
  readonly receiver: () => (frame: In) => void;
  /** undefined: it was told to end. */
  readonly onGone?: (how: string | undefined) => void;
  readonly log: Logger;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

export interface KeptProcess<Out> {
  start(): void;
  /** To the process that runs now, if any. */
  send(frame: Out): void;
  /** Lets it end, and another begin in its place. */
  replace(): void;
  /** Resolves when the process is gone. */
  stop(): Promise<void>;
}

export function keepProcess<In, Out>(options: KeptProcessOptions<In, Out>): KeptProcess<Out> {
  const { what, log, now } = options;
  const backOff = createBackOff();
  let running: Child<Out> | undefined;
  let restart: NodeJS.Timeout | undefined;
  let dismissal: NodeJS.Timeout | undefined;
  let onceGone: (() => void) | undefined;
  let stopping = false;

  function launch(): void {
    backOff.started(now());
    const receive = options.receiver();
    const started = options.start({ onFrame: (frame) => take(started, receive, frame), onExit: gone });
    running = started;
    started.send(options.configuration());
  }

  function take(from: Child<Out>, receive: (frame: In) => void, frame: In): void {
    try {
      receive(frame);
    } catch (fault) {
      if (!(fault instanceof PamhookError)) throw fault;
      log.error(`${what} broke the protocol and is killed`, { pid: from.pid, fault });
      from.kill();
    }
  }

  function gone(how: string): void {
    const isExpected = dismissal !== undefined;
    clearTimeout(dismissal);
    dismissal = undefined;
    running = undefined;
    options.onGone?.(isExpected ? undefined : how);
    if (stopping) onceGone?.();
    else if (isExpected) launch();
    else {
      const delay = backOff.delayAfterDeath(now());
      log.error(`${what} died`, { how, restartIn: delay });
      restart = setTimeout(launch, delay);
    }
  }

  function dismiss(): void {
    const leaving = running;
    if (leaving === undefined || dismissal !== undefined) return;
    dismissal = setTimeout(() => leaving.kill(), DISMISSAL_LIMIT);
    leaving.dismiss();
  }

  return {
    start: launch,
    send: (frame) => running?.send(frame),
    replace: dismiss,
    async stop() {
      stopping = true;
      clearTimeout(restart);
      if (running === undefined) return;
      dismiss();
      await new Promise<void>((resolve) => {
        onceGone = resolve;
      });
    },
  };
}
