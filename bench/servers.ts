/** Starts the servers that are measured: pamhook as it ships, and the floor. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { MAIN } from './paths.js';
import { OWN_PROC, type Proc } from './proc.js';

export interface Server {
  readonly name: string;
  readonly port: number;
  /** Where reviews are asked. */
  readonly path: string;
  /** Of the process above all its others, and where it is seen. */
  readonly pid: number;
  readonly proc: Proc;
  stop(): Promise<void>;
}

/** Files of a daemon, as `pamhook init` makes them. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
  readonly signingKey: string;
}

export interface PamhookOptions extends Identity {
  /** The copy of Node that runs it: pages that it shared with the bench would make its own look fewer. */
  readonly node: string;
  /** Beside PATH. */
  readonly env: Readonly<Record<string, string>>;
  readonly audit: string;
  readonly flags: readonly string[];
}

/** A port that nobody has, for whoever must know it before the server is there. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Makes what a daemon needs in a directory. */
export function initialise(directory: string, key: 'ec' | 'rsa'): Identity {
  execFileSync(process.execPath, [MAIN, 'init', '--dir', directory, '--hostname', 'localhost,127.0.0.1']);
  if (key === 'rsa') makeRsaCertificate(directory);
  const at = (name: string) => `${directory}/${name}`;
  return { cert: at('server.crt'), key: at('server.key'), signingKey: at('signing-key.pem') };
}

function makeRsaCertificate(directory: string): void {
  const args = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1';
  const files = ['-keyout', `${directory}/server.key`, '-out', `${directory}/server.crt`];
  execFileSync('openssl', [...args.split(' '), ...files], { stdio: 'ignore' });
}

/** Resolves once its processes are started; who asks it is answered as soon as it serves. */
export async function spawnPamhook(options: PamhookOptions): Promise<Server & { readonly log: string }> {
  const port = await freePort();
  const log = `${options.audit}.log`;
  const sink = openSync(log, 'w');
  const child = spawn(options.node, [MAIN, 'serve', ...flagsOf(options, port)], {
    env: { PATH: process.env['PATH'], ...options.env },
    stdio: ['ignore', 'ignore', sink],
  });
  closeSync(sink);
  return { ...serverOf('pamhook', port, child), log };
}

function flagsOf({ cert, key, signingKey, audit, flags }: PamhookOptions, port: number): string[] {
  const where = ['-bind-address', '127.0.0.1', '-bind-port', String(port)];
  const files = ['-cert-file', cert, '-key-file', key, '-signing-key-file', signingKey, '-audit-log', audit];
  return [...where, ...files, '-log-format', 'json', ...flags];
}

/** Resolves once it serves. */
export async function startPamhook(options: PamhookOptions): Promise<Server> {
  const server = await spawnPamhook(options);
  for (;;) {
    const text = readFileSync(server.log, 'utf8');
    if (text.includes('"message":"serving"')) return server;
    if (!isAlive(server.pid)) throw new Error(`pamhook ended: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export interface FloorOptions {
  readonly cert: string;
  readonly key: string;
  /** A file with the TokenReview it answers. */
  readonly answer: string;
  /** `ready`: it sends the bytes as they are; else it stringifies them each time. */
  readonly mode: 'stringify' | 'ready';
}

export async function startFloor({ cert, key, answer, mode }: FloorOptions, name = 'floor'): Promise<Server> {
  const port = await freePort();
  const entry = fileURLToPath(new URL('./floor-server.js', import.meta.url));
  const child = spawn(process.execPath, [entry, String(port), cert, key, answer, mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
  if (!String(line).startsWith('serving')) throw new Error('the floor did not start');
  return serverOf(name, port, child);
}

function serverOf(name: string, port: number, child: ChildProcess): Server {
  const gone = once(child, 'close');
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  return {
    name,
    port,
    path: '/authenticate?timeout=30s',
    pid: child.pid ?? 0,
    proc: OWN_PROC,
    async stop() {
      child.kill('SIGTERM');
      await gone;
      process.removeListener('exit', end);
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
