/** A real Redis server of a test's own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createClient } from '@redis/client';
import { scratchDirectory } from './scratch.js';

/** Debian's redis-tools has the server under the name of another tool: it is by the name it is called that it knows what to be. */
const PROGRAM =
  ['/usr/bin/redis-server', '/usr/bin/redis-check-rdb'].find((path) => existsSync(path)) ?? 'redis-server';

/** Nobody else listens there. */
export function ownAddress(): string {
  return `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
}

export interface RedisOptions {
  /** Default: an address of its own. */
  readonly host?: string;
  /** What the server is started with beside its addresses; the same each time. */
  readonly flags?: readonly string[];
  /** Certificate and key files: it speaks TLS on its port. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** For the test's own questions. */
  readonly password?: string;
}

export interface Redis {
  readonly host: string;
  readonly port: number;
  readonly socket: string;
  readonly url: string;
  readonly pid: () => number;
  /** Sends a signal; SIGKILL: resolves when it is gone. */
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** Starts it again, with nothing in its memory. */
  start(): Promise<void>;
  /** One command, by a connection of its own. */
  ask(...command: string[]): Promise<unknown>;
}

export async function startRedis(t: TestContext, options: RedisOptions = {}): Promise<Redis> {
  const dir = scratchDirectory(t);
  const { host = ownAddress() } = options;
  const port = 6379;
  const socket = join(dir, 'redis.sock');
  let server: ChildProcess;

  async function ask(...command: string[]): Promise<unknown> {
    const password = options.password === undefined ? {} : { password: options.password };
    const client = createClient({ RESP: 2, socket: { path: socket, reconnectStrategy: false }, ...password });
    client.on('error', () => {});
    await client.connect();
    try {
      return await client.sendCommand(command);
    } finally {
      client.destroy();
    }
  }

  async function start(): Promise<void> {
    server = spawn(PROGRAM, [...flagsOf({ host, port, socket }, options)], {
      argv0: 'redis-server',
      cwd: dir,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    while (!(await ask('PING').catch(() => false))) {
      if (server.exitCode !== null) throw new Error(`redis-server ended with ${server.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async function signal(name: NodeJS.Signals): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.kill(name);
    if (name === 'SIGKILL') await gone;
  }

  t.after(() => signal('SIGKILL'));
  await start();
  const url = `${options.tls === undefined ? 'redis' : 'rediss'}://${host}:${port}`;
  return { host, port, socket, url, pid: () => server.pid ?? 0, signal, start, ask };
}

function flagsOf(
  { host, port, socket }: Pick<Redis, 'host' | 'port' | 'socket'>,
  { tls, flags = [] }: RedisOptions,
): readonly string[] {
  const ports = tls === undefined ? ['--port', `${port}`] : ['--port', '0', '--tls-port', `${port}`];
  const files = tls === undefined ? [] : ['--tls-cert-file', tls.cert, '--tls-key-file', tls.key];
  const open = tls === undefined ? [] : ['--tls-ca-cert-file', tls.cert, '--tls-auth-clients', 'no'];
  const own = ['--bind', host, '--unixsocket', socket, '--unixsocketperm', '777', '--save', '', '--appendonly', 'no'];
  return [...ports, ...files, ...open, ...own, '--loglevel', 'warning', ...flags];
}
