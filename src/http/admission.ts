/** Which TCP connections the front takes: so many from one source that is no trusted proxy, counted before the TLS handshake costs anything. */
import type { Socket } from 'node:net';
import type { TrustedProxies } from './forwarded-for.js';
import { sourceAddress, sourceNetwork } from './source-address.js';

export interface Admission {
  /** False: the source has its share already, or is gone; the caller destroys the socket. */
  admit(socket: Socket): boolean;
  /** The sockets admitted and not yet closed. */
  readonly sockets: ReadonlySet<Socket>;
}

/** A trusted proxy brings the connections of many: they are bounded by the total alone. */
export function createAdmission(perSource: number, proxies: TrustedProxies): Admission {
  const counts = new Map<string, number>();
  const sockets = new Set<Socket>();

  function release(socket: Socket, network: string): void {
    sockets.delete(socket);
    const left = (counts.get(network) ?? 1) - 1;
    if (left > 0) counts.set(network, left);
    else counts.delete(network);
  }

  function admit(socket: Socket): boolean {
    const address = sourceAddress(socket.remoteAddress);
    if (address === undefined) return false;
    const network = sourceNetwork(address);
    const count = counts.get(network) ?? 0;
    if (count >= perSource && !proxies.has(address)) return false;
    counts.set(network, count + 1);
    sockets.add(socket);
    socket.once('close', () => release(socket, network));
    return true;
  }

  return { admit, sockets };
}
