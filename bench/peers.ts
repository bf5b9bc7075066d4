/** Servers that were there before: given by BENCH_PEER, and asked for reviews of one token. */
import { OWN_PROC } from './proc.js';
import { post } from './requests.js';
import type { Server } from './servers.js';
import type { Stage } from './stage.js';
import { isInside, MACHINE_PROC } from './throw-away-root.js';
import { reviewOf } from './tokens.js';

export interface Peer {
  readonly server: Server;
  readonly requests: string;
}

export function peersOf(stage: Stage, token: string): Peer[] {
  return stage.options.peers.map(({ name, url, pid, body }) => {
    const path = url.pathname + url.search;
    const proc = isInside ? MACHINE_PROC : OWN_PROC;
    const server = { name, port: Number(url.port || 443), path, pid, proc, stop: async () => {} };
    return { server, requests: stage.requests(`peer-${name}`, [post(path, body ?? reviewOf(token))]) };
  });
}
