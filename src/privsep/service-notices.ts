/** What the service manager is told of the daemon's state (sd_notify(3)), and the watchdog's signs of life; runs in the supervisor. */
import type { NotifySocket } from '../config/notify-socket.js';
import type { Logger } from '../log/logger.js';
import type { Native } from '../native/native.js';

/**
 * Milliseconds for which the front may be silent before the watchdog hears nothing more: a stopped one is killed after six seconds and
 * replaced, and only where that does not help is a restart of the whole service better.
 */
export const LONGEST_SILENCE = 15_000;

/** Signs of life come at least so often: a timer's interval has a bound. Milliseconds. */
const LONGEST_INTERVAL = 60_000;

/** The queue of a Unix socket is short, and every service writes to this one. Milliseconds until the next try, and notices that may wait for it. */
const RETRY_AFTER = 100;
const MOST_WAITING = 16;

/** What a stop takes beyond shutdown-grace-period: ending the workers and the store. Milliseconds. */
const STOP_MARGIN = 10_000;

export interface ServiceNotices {
  /** The daemon serves; the watchdog's signs of life begin. */
  ready(status: string): void;
  /** While `work` is under way the service is reloading. Where it does not serve yet, or no longer, nothing is told. */
  reload(work: () => Promise<void>): Promise<void>;
  /** It stops, and takes `grace` milliseconds at most for what was accepted. */
  stopping(grace: number): void;
}

export interface NoticesOptions {
  readonly to: NotifySocket;
  readonly native: Pick<Native, 'sendNotice'>;
  readonly log: Logger;
  /** Milliseconds since the front last answered. */
  readonly silence: () => number;
}

export function createServiceNotices({ to, native, log, silence }: NoticesOptions): ServiceNotices {
  const send = createSender(to.socket, native, log);
  let phase: 'starting' | 'serving' | 'stopping' = 'starting';
  let serving = '';
  let reloads = 0;

  function sign(): void {
    if (phase === 'stopping' || silence() <= LONGEST_SILENCE) send('WATCHDOG=1');
  }

  return {
    ready(status) {
      phase = 'serving';
      serving = status;
      send(`READY=1\nSTATUS=${status}`);
      if (to.watchdog !== undefined) setInterval(sign, Math.min(to.watchdog / 2, LONGEST_INTERVAL)).unref();
    },
    async reload(work) {
      const told = phase === 'serving';
      if (told) {
        reloads += 1;
        send(
          `RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}\nSTATUS=reading certificate and keys anew`,
        );
      }
      await work();
      if (!told) return;
      reloads -= 1;
      if (reloads === 0 && phase === 'serving') send(`READY=1\nSTATUS=${serving}`);
    },
    stopping(grace) {
      phase = 'stopping';
      const longest = Math.ceil((grace + STOP_MARGIN) * 1_000);
      send(`STOPPING=1\nSTATUS=answering what was accepted\nEXTEND_TIMEOUT_USEC=${longest}`);
    },
  };
}

/** In order, and never waiting; what the socket has no room for now is sent again. */
function createSender(
  socket: string | undefined,
  native: Pick<Native, 'sendNotice'>,
  log: Logger,
): (text: string) => void {
  if (socket === undefined) return () => {};
  const waiting: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let failed = false;

  function flush(): void {
    timer = undefined;
    for (let text = waiting[0]; text !== undefined; text = waiting[0]) {
      if (!sent(text)) {
        timer = setTimeout(flush, RETRY_AFTER).unref();
        return;
      }
      waiting.shift();
    }
  }

  /** false: to be tried again. */
  function sent(text: string): boolean {
    try {
      if (!native.sendNotice(socket as string, text)) return false;
      failed = false;
    } catch (fault) {
      if (!failed) log.warn('NOTIFY_SOCKET: the service manager cannot be told', { fault });
      failed = true;
    }
    return true;
  }

  return (text) => {
    // Of signs of life one is as good as many.
    if (waiting.length > 0 && (text === waiting.at(-1) || waiting.length >= MOST_WAITING)) return;
    waiting.push(text);
    if (timer === undefined) flush();
  };
}
