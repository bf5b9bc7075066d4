/** Where, and how often, systemd or its like wants to hear from the daemon (sd_notify(3), sd_watchdog_enabled(3)); read by the supervisor. */
import type { Environment } from './environment.js';

/** Meant for this process, and for none that it starts. */
export const notifyVariables = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'] as const;

/** sun_path of unix(7), without its NUL. */
const LONGEST_PATH = 107;

export interface NotifySocket {
  /** A path, or `@` and an abstract name; undefined: nobody wants to hear. */
  readonly socket?: string;
  /** Milliseconds within which a sign of life must come. */
  readonly watchdog?: number;
  readonly warning?: string;
}

export function notifySocket(environment: Environment, pid: number): NotifySocket {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: microseconds, WATCHDOG_PID: recipient } = environment;
  if (!socket) return {};
  if (!/^[/@]./.test(socket) || Buffer.byteLength(socket) > LONGEST_PATH) {
    return {
      warning: `NOTIFY_SOCKET is not used: ${JSON.stringify(socket)} is neither a path nor an abstract name of a Unix socket`,
    };
  }
  if (!microseconds || (recipient && recipient !== String(pid))) return { socket };
  if (/^[1-9]\d{0,15}$/.test(microseconds)) return { socket, watchdog: Number(microseconds) / 1_000 };
  return {
    socket,
    warning: `WATCHDOG_USEC is not used: ${JSON.stringify(microseconds)} is no number of microseconds`,
  };
}
