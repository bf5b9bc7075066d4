/** The socket that clients connect to: opened or taken over, and given up without losing a connection; runs in the supervisor. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../config/settings.js';
import { ConfigurationError } from '../errors.js';
import type { Logger } from '../log/logger.js';
import type { Native } from '../native/native.js';

/** Connections that may wait to be accepted. */
const BACKLOG = 1024;

/** The queue counts as empty when nothing has waited for so long: a few round trips of a far client that is in the middle of a handshake, milliseconds. */
const QUIET = 300;
const LOOK_INTERVAL = 20;

export interface Listening {
  readonly fd: number;
  /** Empty: all. */
  readonly address: string;
  readonly port: number;
  /** Others hold it too, and take the connections that come when this daemon has stopped. */
  readonly inherited: boolean;
}

/** `handedOver`: the descriptor of a socket to take instead of opening one. Throws ConfigurationError. */
export function openListening(
  settings: Settings,
  { native, log, handedOver }: { native: Native; log: Logger; handedOver?: number | undefined },
): Listening {
  if (handedOver !== undefined) return takeOver(handedOver, native, log);
  return { ...listen(settings, native), address: settings.bindAddress, inherited: false };
}

function takeOver(fd: number, native: Native, log: Logger): Listening {
  try {
    const name = native.adoptListener(fd);
    log.info('a listening socket was handed over: bind-address and bind-port are not used', { ...name });
    return { ...name, fd, inherited: true };
  } catch (fault) {
    throw new ConfigurationError(
      `LISTEN_FDS: descriptor ${fd} is no listening TCP socket (${(fault as NodeJS.ErrnoException).code ?? 'error'})`,
      'hand over one socket of ListenStream=address:port, without Accept=yes',
      { cause: fault },
    );
  }
}

/** Throws ConfigurationError. */
export function listen({ bindAddress, bindPort }: Settings, native: Native): { fd: number; port: number } {
  try {
    return native.listen(bindAddress, bindPort, BACKLOG);
  } catch (fault) {
    const code = (fault as NodeJS.ErrnoException).code;
    const where = `bind-address ${JSON.stringify(bindAddress)}, bind-port ${bindPort}`;
    if (code === 'EADDRINUSE')
      throw new ConfigurationError(`${where}: the port is taken`, 'stop what listens there, or name another port', {
        cause: fault,
      });
    if (code === 'EACCES')
      throw new ConfigurationError(`${where}: not allowed`, 'ports below 1024 need root or CAP_NET_BIND_SERVICE', {
        cause: fault,
      });
    throw new ConfigurationError(`${where}: cannot listen (${code ?? 'error'})`, 'name an address of this machine', {
      cause: fault,
    });
  }
}

/**
 * Resolves when every connection that a client takes for made has been accepted, and no other can be made: closing the socket then resets
 * none. `longest`: milliseconds after which it resolves all the same. What waits on an inherited socket is left to those who hold it too.
 */
export async function admitLast(
  { fd, inherited }: Listening,
  { native, log }: { native: Pick<Native, 'refuseNewConnections' | 'waitingConnections'>; log: Logger },
  longest: number,
): Promise<void> {
  if (inherited) return;
  try {
    native.refuseNewConnections(fd);
  } catch (fault) {
    log.warn('connections made in the last moment may be reset: the system does not let them be refused', { fault });
    return;
  }
  const began = performance.now();
  for (let busy = began; ; ) {
    const now = performance.now();
    if (native.waitingConnections(fd) > 0) busy = now;
    if (now - busy >= QUIET || now - began >= longest) return;
    await sleep(LOOK_INTERVAL);
  }
}
