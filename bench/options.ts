/** What a run of the bench may be told, by the environment. */

import { readFileSync } from 'node:fs';
import type { Kind } from './kept.js';

/** Another server to compare with: it answers TokenReview at a URL. */
export interface PeerOption {
  readonly name: string;
  readonly url: URL;
  readonly pid: number;
  /** The JSON that is posted to it; absent: what pamhook is asked. */
  readonly body: string | undefined;
}

export interface Options {
  /** Of one round. */
  readonly seconds: number;
  readonly rounds: number;
  /** Only cases whose ids match. */
  readonly wanted: RegExp;
  readonly peers: readonly PeerOption[];
  /** Whether it is only tried that everything works. */
  readonly smoke: boolean;
  /** What is measured: pamhook beside the floor, or how its cost grows. */
  readonly kind: Kind;
}

/** For the run in the throw-away root, where the machine's files need not be seen. */
const BODIES = 'BENCH_PEER_BODIES';

const SECONDS = 2;
const ROUNDS = 3;

/** Throws with what is wrong. */
export function readOptions(env: Readonly<Record<string, string | undefined>>): Options {
  const smoke = env['BENCH_SMOKE'] !== undefined;
  return {
    seconds: positive('BENCH_SECONDS', env['BENCH_SECONDS'], smoke ? 0.3 : SECONDS),
    rounds: Math.ceil(positive('BENCH_ROUNDS', env['BENCH_ROUNDS'], smoke ? 1 : ROUNDS)),
    wanted: new RegExp(env['BENCH_CASES'] ?? ''),
    peers: (env['BENCH_PEER'] ?? '')
      .split(';')
      .filter((text) => text.trim() !== '')
      .map((text) => parsePeer(text, JSON.parse(env[BODIES] ?? '{}'))),
    smoke,
    kind: env['BENCH_SCALING'] === undefined ? 'bench' : 'scaling',
  };
}

/** What the inner run needs beside the environment of the outer. */
export function forInnerRun({ peers }: Options): Record<string, string> {
  const bodies = peers.flatMap(({ name, body }) => (body === undefined ? [] : [[name, body] as const]));
  return { [BODIES]: JSON.stringify(Object.fromEntries(bodies)) };
}

function positive(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (value > 0 && value < 1000) return value;
  throw new Error(`${name} must be a number above 0 and below 1000, not ${text}`);
}

/** `name=URL pid`, and where the peer takes no token of pamhook's, the file with the body that is posted. */
function parsePeer(text: string, read: Readonly<Record<string, string>>): PeerOption {
  const [, name = '', url = '', pid, body] = /^\s*([\w.-]+)=(https:\/\/\S+)\s+(\d+)(?:\s+(\S+))?\s*$/.exec(text) ?? [];
  if (name === '' || name === 'pamhook' || name === 'floor') {
    throw new Error(`BENCH_PEER must be "name=https://127.0.0.1:PORT/PATH PID [BODY-FILE]", not "${text}"`);
  }
  const contents = body === undefined ? undefined : (read[name] ?? readFileSync(body, 'utf8').trim());
  return { name, url: new URL(url), pid: Number(pid), body: contents };
}
