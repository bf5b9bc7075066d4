/** Clients that send what no HTTP client would, in pieces and at times of the test's choice. */
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls';

type Wanted = string | RegExp | ((received: string) => boolean);

export interface RawClient {
  readonly socket: TLSSocket;
  /** Everything received so far. */
  received(): string;
  /** Resolves when the text has been received; rejects when the connection ends without. */
  until(text: Wanted): Promise<string>;
  /** Resolves with everything received when the server has ended the connection. */
  closed(): Promise<string>;
}

export interface From {
  /** The client's own address, of 127/8. */
  readonly localAddress?: string;
  readonly allowHalfOpen?: boolean;
}

/** Rejects when the connection is closed before the handshake is done. */
export async function dialTls(port: number, options: ConnectionOptions & From): Promise<RawClient> {
  const socket = tlsConnect({ host: '127.0.0.1', port, servername: 'localhost', ...options });
  const watched = watch(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('close', () => reject(new Error('the connection was closed before the handshake')));
  });
  return { socket, ...watched };
}

/** A TCP connection that says nothing of TLS by itself. */
export async function dialTcp(
  port: number,
  localAddress = '127.0.0.1',
): Promise<{ socket: Socket; closed(): Promise<string> }> {
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  const watched = watch(socket);
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return { socket, closed: watched.closed };
}

function watch(socket: Socket): Omit<RawClient, 'socket'> {
  let text = '';
  let open = true;
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    text += chunk;
  });
  // A reset is one way of being closed.
  socket.on('error', () => {});
  const closing = new Promise<void>((resolve) => {
    socket.once('close', () => {
      open = false;
      resolve();
    });
  });
  const found = (wanted: Wanted) => {
    if (typeof wanted === 'function') return wanted(text);
    return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
  };
  return {
    received: () => text,
    closed: async () => {
      await closing;
      return text;
    },
    until: async (wanted) => {
      while (!found(wanted)) {
        if (!open) throw new Error(`closed without ${wanted}: ${text}`);
        await Promise.race([closing, new Promise((resolve) => socket.once('data', resolve))]);
      }
      return text;
    },
  };
}

/** The status codes of all answers in what a connection received. */
export function statuses(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
}
