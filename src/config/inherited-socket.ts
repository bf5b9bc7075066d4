/** The listening sockets that systemd or another parent hand over (sd_listen_fds(3)); read by the supervisor. */
import { ConfigurationError } from '../errors.js';
import type { Environment } from './environment.js';

/** Meant for the process that LISTEN_PID names, and for none that it starts. */
export const handOverVariables = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'] as const;

/** SD_LISTEN_FDS_START */
const FIRST = 3;

/** Descriptors; those left out the daemon opens itself. */
export interface HandedOverSockets {
  readonly fd?: number;
  /** For /authenticate alone. */
  readonly webhookFd?: number;
}

export interface HandedOver extends HandedOverSockets {
  readonly warning?: string;
}

/** The name of the second socket: `FileDescriptorName=` of systemd's socket unit. */
const WEBHOOK = 'webhook';

/** Throws ConfigurationError when other sockets than these two, or no number of them, were handed to the process `pid`. */
export function handedOverSockets(environment: Environment, pid: number): HandedOver {
  const { LISTEN_PID: recipient, LISTEN_FDS: count, LISTEN_FDNAMES: names = '' } = environment;
  if (!recipient || !count) return {};
  if (recipient !== String(pid)) {
    return {
      warning: `LISTEN_FDS is not used: LISTEN_PID is ${JSON.stringify(recipient)}, and this is process ${pid}`,
    };
  }
  if (count === '0') return {};
  const webhook = names.split(':').map((name) => name === WEBHOOK);
  if (count === '1') return webhook[0] ? { webhookFd: FIRST } : { fd: FIRST };
  if (count === '2' && webhook.length === 2 && webhook[0] !== webhook[1])
    return webhook[0] ? { webhookFd: FIRST, fd: FIRST + 1 } : { fd: FIRST, webhookFd: FIRST + 1 };
  throw new ConfigurationError(
    `LISTEN_FDS: ${JSON.stringify(count)} sockets were handed over, and pamhook serves one, and one more that is named ${WEBHOOK}`,
    `leave one ListenStream= in the socket unit, or add a unit with FileDescriptorName=${WEBHOOK}`,
  );
}
