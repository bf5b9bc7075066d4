/** Bytes that are no HTTP, or HTTP that nobody should send: each must be refused or cut off, none may be taken for a good request. */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { dial, dialTcp, sourceOf, type Target } from '../client.js';
import type { Kind } from '../tally.js';
import { clients, type Load, pause } from './load.js';

export interface GarbagePlan {
  readonly clients: number;
  readonly net: number;
  /** Milliseconds between two of a client's. */
  readonly interval: number;
}

const POST = 'POST /authenticate HTTP/1.1\r\nHost: h\r\n';

const SHAPES: readonly (() => string | Buffer)[] = [
  () => randomBytes(600),
  () => `${POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`,
  () => `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /token HTTP/1.1\r\n\r\n`,
  () => `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  () => `${POST}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n`,
  () => `${POST}Content-Length: -1\r\n\r\n`,
  () => 'TRACE /token HTTP/1.1\r\nHost: h\r\n\r\n',
  () => 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: h\r\n\r\n',
  () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  () => 'GET //authenticate HTTP/1.1\r\nHost: h\r\n\r\n',
  () => 'GET /%61uthenticate HTTP/1.1\r\nHost: h\r\n\r\n',
  () => 'GET /token HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  () => 'GET /token HTTP/9.9\r\nHost: h\r\n\r\n',
  () => 'GET /token\r\n\r\n',
  () => 'GET /token HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YTpi\r\nAuthorization: Basic YTpi\r\n\r\n',
  () => `GET /token HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  () => `GET /token?${'a=b&'.repeat(10_000)} HTTP/1.1\r\nHost: h\r\n\r\n`,
  () => 'GET /token HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n',
  () => `${POST}Content-Length: 9\r\n\r\n{"kind": }`,
  () => `${POST}Content-Length: 20000\r\n\r\n${'['.repeat(20_000)}`,
];

export const garbage: Load<GarbagePlan> = async ({ clients: count, net, interval }, { target, tally, phase, stop }) => {
  let sent = 0;
  await clients(count, stop, async () => {
    const index = sent++;
    const shape = SHAPES[index % SHAPES.length] ?? SHAPES[0];
    const bytes = shape?.() ?? '';
    const label = phase();
    // Now and then to a port that speaks TLS, without TLS.
    const { kind, answer } = await throwAt(target, sourceOf(net, index), bytes, index % 29 === 0);
    tally.add(label, kind, `garbage ${String(bytes).slice(0, 60)}: ${answer.slice(0, 200)}`);
    await pause(interval, stop);
  });
};

/** Longer than any of the daemon's limits on a request, milliseconds. */
const PATIENCE = 45_000;

function throwAt(target: Target, source: string, bytes: string | Buffer, plain: boolean) {
  return new Promise<{ kind: Kind; answer: string }>((resolve) => {
    const socket: Socket = plain ? dialTcp(target, source) : dial(target, source);
    let answer = '';
    let timedOut = false;
    socket.once(plain ? 'connect' : 'secureConnect', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      socket.end();
    });
    socket.setTimeout(PATIENCE, () => {
      timedOut = true;
      socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    // A reset is as good a refusal as a status.
    socket.on('close', () => {
      const refused = plain || answer === '' || /^HTTP\/1\.1 4\d\d /.test(answer);
      resolve({ kind: timedOut ? 'timed out' : refused ? 'expected' : 'wrong', answer });
    });
  });
}
