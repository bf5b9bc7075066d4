/** Which TCP connections the front takes: so many from one source, counted before the TLS handshake costs anything. */
import type { Socket } from 'node:net';
import { sourceAddress, sourceNetwork } from './source-address.js';

export interface Admission {
  /** False: the source has its share already, or is gone; the caller destroys the socket. */
  admit(socket: Socket): boolean;
  /** The sockets admitted and not yet closed. */
  readonly sockets: ReadonlySet<Socket>;
}

export function createAdmission(perSource: number): Admission {
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
    if (count >= perSource) return false;
    counts.set(network, count + 1);
    sockets.add(socket);
    socket.once('close', () => release(socket, network));
    return true;
  }

  return { admit, sockets };
}
