/** Clients that are slow on purpose: each holds a connection as long as the daemon lets it, which must be a bounded time. */
import type { Socket } from 'node:net';
import { bounds } from '#src/http/bounds.js';
import { dial, dialTcp, sourceOf, type Target } from '../client.js';
import { prepare } from '../pipeline.js';
import { clients, type Load } from './load.js';

export interface SlowClientsPlan {
  /** Of each kind but the last, of which there are few: what they ask for must be answered. */
  readonly clients: number;
  readonly net: number;
}

interface Slowness {
  readonly tls: boolean;
  /** Milliseconds after which the daemon must have cut it off. */
  readonly limit: number;
  dawdle(socket: Socket): void;
}

/** What a busy machine may add. */
const SLACK = 15_000;

const { handshakeTimeout, headersTimeout, requestTimeout, answerTimeout } = bounds;
const EMPTY_REVIEW = prepare(
  '/authenticate',
  '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":""}}',
);

const SLOWNESSES: Readonly<Record<string, Slowness>> = {
  'says nothing': { tls: false, limit: handshakeTimeout, dawdle: () => {} },
  'half a TLS hello': {
    tls: false,
    limit: handshakeTimeout,
    dawdle: (socket) => socket.write(Buffer.from('160301020001', 'hex')),
  },
  'half a header': {
    tls: true,
    limit: headersTimeout,
    dawdle: (socket) => drip(socket, 'GET /heartbeat HTTP/1.1\r\nX: '),
  },
  'half a body': {
    tls: true,
    limit: requestTimeout,
    dawdle: (socket) => drip(socket, 'POST /authenticate HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n{'),
  },
  // Until the system's buffers are full of answers, the daemon cannot know.
  'reads nothing': { tls: true, limit: 6 * answerTimeout, dawdle: askAndNeverRead },
};
const READ_NOTHING = 3;

export const slowClients: Load<SlowClientsPlan> = async ({ clients: count, net }, { target, tally, phase, stop }) => {
  const all = Object.entries(SLOWNESSES).flatMap((kind) =>
    Array.from({ length: kind[0] === 'reads nothing' ? READ_NOTHING : count }, () => kind),
  );
  await clients(all.length, stop, async (client) => {
    const [name, slowness] = all[client] ?? [];
    if (slowness === undefined) return;
    const label = phase();
    const took = await untilCutOff(target, sourceOf(net, client), slowness, stop);
    if (took === undefined) return;
    const inTime = took <= slowness.limit + bounds.checkInterval + SLACK;
    tally.add(label, inTime ? 'expected' : 'timed out', `${name}: cut off after ${took} ms`);
  });
};

/** Milliseconds; undefined when the load ended before. */
function untilCutOff(
  target: Target,
  source: string,
  { tls, limit, dawdle }: Slowness,
  stop: AbortSignal,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const began = performance.now();
    const socket: Socket = tls ? dial(target, source) : dialTcp(target, source);
    const giveUp = setTimeout(() => socket.destroy(), 2 * limit + bounds.checkInterval + SLACK);
    const end = () => socket.destroy();
    stop.addEventListener('abort', end);
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      socket.on('data', () => {});
      dawdle(socket);
    });
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      clearTimeout(giveUp);
      stop.removeEventListener('abort', end);
      resolve(stop.aborted ? undefined : performance.now() - began);
    });
  });
}

/** One byte a second: a time-out that begins anew with each would never end. */
function drip(socket: Socket, start: string): void {
  socket.write(start);
  const timer = setInterval(() => socket.write('x'), 1_000);
  socket.once('close', () => clearInterval(timer));
}

function askAndNeverRead(socket: Socket): void {
  socket.pause();
  const timer = setInterval(() => {
    if (socket.writableLength < 64 * 1024) for (let each = 0; each < 50; each += 1) socket.write(EMPTY_REVIEW);
  }, 100);
  socket.once('close', () => clearInterval(timer));
}
