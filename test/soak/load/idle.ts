/** TLS connections that ask once whether the daemon lives, and then hold on to what they have. */
import type { TLSSocket } from 'node:tls';
import { dial, sourceOf, type Target } from '../client.js';
import { type Load, pause } from './load.js';

export interface IdlePlan {
  readonly connections: number;
  readonly net: number;
}

/** Connections begun at once. */
const BATCH = 25;

export const idle: Load<IdlePlan> = async ({ connections, net }, { target, tally, phase, stop }) => {
  const held = new Set<TLSSocket>();
  const open = async (index: number) => {
    const label = phase();
    const socket = await connected(target, sourceOf(net, index));
    tally.add(label, socket === undefined ? 'cut off' : 'expected');
    if (socket === undefined) return;
    held.add(socket);
    socket.once('close', () => held.delete(socket));
  };
  for (let begun = 0; begun < connections && !stop.aborted; begun += BATCH) {
    await Promise.all(Array.from({ length: BATCH }, (_, each) => open(begun + each)));
  }
  while (!stop.aborted) await pause(1_000, stop);
  await Promise.all([...held].map(closed));
};

function connected(target: Target, source: string): Promise<TLSSocket | undefined> {
  return new Promise((resolve) => {
    const socket = dial(target, source);
    socket.once('secureConnect', () => socket.write('GET /heartbeat HTTP/1.1\r\nHost: h\r\n\r\n'));
    socket.once('data', () => resolve(socket.resume()));
    socket.on('error', () => socket.destroy());
    socket.once('close', () => resolve(undefined));
  });
}

function closed(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
    socket.destroy();
  });
}
