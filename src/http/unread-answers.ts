/** Finds the clients that ask and do not read, which no timeout of Node's covers; runs in the front. */
import type { Socket } from 'node:net';

/**
 * Makes a look over sockets that owe answers: those whose waiting bytes have not changed for `timeout` ms are destroyed.
 * To be called every so often; `now` in milliseconds.
 */
export function createUnreadAnswers(timeout: number, now: () => number): (sockets: Iterable<Socket>) => void {
  let waiting = new Map<Socket, { readonly bytes: number; readonly since: number }>();
  return (sockets) => {
    const seen: typeof waiting = new Map();
    for (const socket of sockets) {
      const bytes = socket.writableLength;
      if (bytes === 0) continue;
      const before = waiting.get(socket);
      const entry = before?.bytes === bytes ? before : { bytes, since: now() };
      if (now() - entry.since >= timeout) socket.destroy();
      else seen.set(socket, entry);
    }
    waiting = seen;
  };
}
