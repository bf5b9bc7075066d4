/** TLS handshakes under way on a listener of the front, and what those may leave behind in which a client sends many certificates. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

export interface Handshakes {
  begin(socket: Socket): void;
  /** To be called when the handshake is done. */
  end(socket: TLSSocket): { readonly admitted: boolean; readonly outdated: boolean };
  /** Those that have not ended yet were begun under another CA. */
  outdate(): void;
  readonly sockets: Iterable<Socket>;
}

interface Handshake {
  readonly socket: Socket;
  outdated: boolean;
}

/**
 * OpenSSL takes 100 KiB of certificates and keeps them, taken apart, with the connection: they are then some 800 KiB. `large`: bytes
 * of a handshake, with what came in one piece with its end, from which on it counts; `most` connections may have had such a one.
 */
export function createHandshakes(large: number, most: number): Handshakes {
  const all = new Map<string, Handshake>();
  let kept = 0;

  return {
    begin(socket) {
      const name = nameOf(socket);
      const handshake = { socket, outdated: false };
      all.set(name, handshake);
      socket.once('close', () => {
        if (all.get(name) === handshake) all.delete(name);
      });
    },
    end(socket) {
      const name = nameOf(socket);
      const handshake = all.get(name);
      all.delete(name);
      const outdated = handshake?.outdated ?? false;
      if ((handshake?.socket.bytesRead ?? 0) <= large) return { admitted: true, outdated };
      if (kept >= most) return { admitted: false, outdated };
      kept += 1;
      socket.once('close', () => {
        kept -= 1;
      });
      return { admitted: true, outdated };
    },
    outdate() {
      for (const handshake of all.values()) handshake.outdated = true;
    },
    get sockets() {
      return [...all.values()].map(({ socket }) => socket);
    },
  };
}

/** Node does not tell which TCP socket is under a TLS socket. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
