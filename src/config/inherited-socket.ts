/** The listening socket that systemd or another parent hands over (sd_listen_fds(3)); read by the supervisor. */
import { ConfigurationError } from '../errors.js';
import type { Environment } from './environment.js';

/** Meant for the process that LISTEN_PID names, and for none that it starts. */
export const handOverVariables = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'] as const;

/** SD_LISTEN_FDS_START */
const FIRST = 3;

export interface HandedOver {
  /** undefined: none was handed over, and the daemon opens its own. */
  readonly fd?: number;
  readonly warning?: string;
}

/** Throws ConfigurationError when more than one socket, or no number of them, was handed to the process `pid`. */
export function handedOverSocket(environment: Environment, pid: number): HandedOver {
  const { LISTEN_PID: recipient, LISTEN_FDS: count } = environment;
  if (!recipient || !count) return {};
  if (recipient !== String(pid)) {
    return {
      warning: `LISTEN_FDS is not used: LISTEN_PID is ${JSON.stringify(recipient)}, and this is process ${pid}`,
    };
  }
  if (count === '0') return {};
  if (count === '1') return { fd: FIRST };
  throw new ConfigurationError(
    `LISTEN_FDS: ${JSON.stringify(count)} sockets were handed over, and pamhook serves one`,
    'leave one ListenStream= in the socket unit',
  );
}
