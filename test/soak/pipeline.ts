/** Many requests over few connections at little cost to the sender: prepared bytes, several under way at once, answers told apart by their lengths. */
import type { TLSSocket } from 'node:tls';
import { dial, type Target } from './client.js';

/** Fewer than the daemon takes on one connection (requestsPerConnection), so that none is lost. */
const REQUESTS_A_CONNECTION = 9_000;

export interface Prepared {
  readonly bytes: Buffer;
  /** Called with each of its answers. */
  readonly answered: (status: number, body: string) => void;
}

export interface PipelineOptions {
  readonly source: string;
  /** Requests under way at once. */
  readonly depth: number;
  /** undefined: no more. */
  readonly next: () => Prepared | undefined;
  /** Requests under way when a connection was cut off. */
  readonly onLost: (count: number) => void;
  /** Aborts when what is still under way is given up. */
  readonly stop?: AbortSignal;
}

/** A POST of `body`, ready to be sent. */
export function prepare(path: string, body: string, headers: Readonly<Record<string, string>> = {}): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}`;
  return Buffer.from(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

/** Resolves when there is no more to send and all is answered or lost. */
export async function sendAll(target: Target, options: PipelineOptions): Promise<void> {
  let more = true;
  while (more) more = await overOneConnection(target, options);
}

/** False when there is nothing more to send. */
function overOneConnection(target: Target, options: PipelineOptions): Promise<boolean> {
  const underWay: Prepared[] = [];
  let sent = 0;
  let more = true;
  const socket = dial(target, options.source);
  const giveUp = () => socket.destroy();
  options.stop?.addEventListener('abort', giveUp);

  function fill(): void {
    socket.cork();
    while (more && underWay.length < options.depth && sent < REQUESTS_A_CONNECTION) {
      const request = options.next();
      if (request === undefined) more = false;
      else {
        sent += 1;
        underWay.push(request);
        socket.write(request.bytes);
      }
    }
    socket.uncork();
    if (underWay.length === 0) socket.end();
  }

  onAnswers(
    socket,
    (status, body) => {
      underWay.shift()?.answered(status, body);
    },
    fill,
  );
  socket.on('secureConnect', fill);
  return new Promise((resolve) => {
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      options.stop?.removeEventListener('abort', giveUp);
      if (underWay.length > 0 && !options.stop?.aborted) options.onLost(underWay.length);
      // A daemon that is away is asked again, not stormed.
      setTimeout(() => resolve(more), sent === 0 ? 100 : 0);
    });
  });
}

function onAnswers(socket: TLSSocket, answered: (status: number, body: string) => void, afterwards: () => void): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (;;) {
      const end = pending.indexOf('\r\n\r\n');
      if (end < 0) break;
      const head = pending.toString('latin1', 0, end);
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (pending.length < end + 4 + length) break;
      answered(Number(head.slice(9, 12)), pending.toString('utf8', end + 4, end + 4 + length));
      pending = pending.subarray(end + 4 + length);
    }
    afterwards();
  });
}
