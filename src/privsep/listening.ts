/** The sockets that clients connect to: opened or taken over, and given up without losing a connection; runs in the supervisor. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HandedOverSockets } from '../config/inherited-socket.js';
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

/** Where to listen. */
export interface Place {
  readonly address: string;
  readonly port: number;
  /** The options that name it. */
  readonly options: readonly string[];
}

interface Opening {
  readonly native: Native;
  readonly log: Logger;
  /** Taken instead of opening others. */
  readonly handedOver?: HandedOverSockets;
}

export function mainPlace({ bindAddress, bindPort }: Settings): Place {
  return { address: bindAddress, port: bindPort, options: ['bind-address', 'bind-port'] };
}

/** Of the listener for reviews alone, where one is configured. */
export function webhookPlace({ webhook }: Settings): Place | undefined {
  return webhook && { ...webhook, options: ['webhook-bind-address'] };
}

/** Throws ConfigurationError. */
export function openListening(settings: Settings, opening: Opening): Listening {
  return open(mainPlace(settings), opening.handedOver?.fd, opening);
}

/** undefined: reviews are asked for where everything is. Throws ConfigurationError. */
export function openWebhookListening(settings: Settings, opening: Opening): Listening | undefined {
  const place = webhookPlace(settings);
  const fd = opening.handedOver?.webhookFd;
  if (place === undefined && fd === undefined) return undefined;
  return open(place ?? { address: '', port: 0, options: ['webhook-bind-address'] }, fd, opening);
}

function open(place: Place, handedOver: number | undefined, { native, log }: Opening): Listening {
  if (handedOver !== undefined) return takeOver(handedOver, place, native, log);
  return { ...listen(place, native), address: place.address, inherited: false };
}

function takeOver(fd: number, { options }: Place, native: Native, log: Logger): Listening {
  const unused = `${options.join(' and ')} ${options.length > 1 ? 'are' : 'is'} not used`;
  try {
    const name = native.adoptListener(fd);
    log.info(`a listening socket was handed over: ${unused}`, { ...name });
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
export function listen({ address, port, options }: Place, native: Native): { fd: number; port: number } {
  try {
    return native.listen(address, port, BACKLOG);
  } catch (fault) {
    const code = (fault as NodeJS.ErrnoException).code;
    const where = placeText(options, address, port);
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

function placeText([first, second]: readonly string[], address: string, port: number): string {
  if (second !== undefined) return `${first} ${JSON.stringify(address)}, ${second} ${port}`;
  return `${first} ${address.includes(':') ? `[${address}]` : address}:${port}`;
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
