/** Runs the built pamhook as a person would, with accounts, PAM services and certificates of a test's own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { type Agent, type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ending } from '../harness/scratch.js';

export const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
export const isRoot = process.getuid?.() === 0;
const MATRIX = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/pam_wrapper/pam_matrix.so`;

export interface Scene {
  readonly dir: string;
  /** Environment under which `dist/cli/main.js` sees the accounts. */
  readonly env: NodeJS.ProcessEnv;
  /** What is run, where it is not `dist/cli/main.js` as it was built. */
  readonly main?: string;
  /** Flags that every daemon of the scene needs. */
  readonly flags: readonly string[];
  /** Writes the PAM service file; `MATRIX` stands for the module that checks `passwords`. */
  service(lines: readonly string[], name?: string): void;
  users(entries: readonly string[]): void;
  groups(entries: readonly string[]): void;
}

export interface SceneOptions {
  /** user: password */
  readonly passwords?: Readonly<Record<string, string>>;
  /** Lines of the PAM service file. */
  readonly service?: readonly string[];
  /** Lines of passwd(5) and group(5) beside those of root and nobody. */
  readonly passwd?: readonly string[];
  readonly group?: readonly string[];
  /** Certificates and keys that no other scene has; without, all scenes of a test process have the same. */
  readonly ownKeys?: boolean;
}

const PASSWD = ['root:x:0:0:root:/root:/bin/sh', 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin'];
const GROUP = ['root:x:0:', 'nogroup:x:65534:'];
export const ALICE = 'alice:x:20001:20001:Alice:/nonexistent:/bin/sh';
export const ALICES_GROUPS = ['alice:x:20001:', 'developers:x:20002:alice'];
export const MATRIX_SERVICE = ['auth required MATRIX', 'account required MATRIX'];

/** A directory with everything a daemon needs; gone when the test ends. */
export async function setScene(t: Ending, options: SceneOptions = {}): Promise<Scene> {
  const dir = mkdtempSync(join(tmpdir(), 'pamhook-test-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  // The front looks users up after its drop, and so must reach the files of nss_wrapper.
  chmodSync(dir, 0o755);
  const passdb = join(dir, 'passdb');
  const passwords = Object.entries(options.passwords ?? { alice: 'secret' });
  writeFileSync(passdb, passwords.map(([user, password]) => `${user}:${password}:pamhook\n`).join(''));
  mkdirSync(join(dir, 'pam.d'));
  const scene: Scene = {
    dir,
    env: {
      PATH: process.env['PATH'],
      LD_PRELOAD: 'libnss_wrapper.so',
      NSS_WRAPPER_PASSWD: join(dir, 'passwd'),
      NSS_WRAPPER_GROUP: join(dir, 'group'),
    },
    flags: [
      ['-bind-address', '127.0.0.1'],
      ['-bind-port', '0'],
      ['-cert-file', join(dir, 'tls', 'server.crt')],
      ['-key-file', join(dir, 'tls', 'server.key')],
      ['-signing-key-file', join(dir, 'tls', 'signing-key.pem')],
      ['-pam-config-dir', join(dir, 'pam.d')],
      ['-refusal-delay', '100ms'],
      // Tests run many at a time, and what they wait for is not to come last.
      ['-pam-worker-nice', '0'],
      ['-log-format', 'json'],
      ['-audit-log', join(dir, 'audit.jsonl')],
    ].flat(),
    service(lines, name = 'pamhook') {
      const text = lines.map((line) => line.replace(/\bMATRIX\b/, `${MATRIX} passdb=${passdb}`)).join('\n');
      writeFileSync(join(dir, 'pam.d', name), `${text}\n`);
    },
    users: (entries) => replaceFile(join(dir, 'passwd'), [...PASSWD, ...entries]),
    groups: (entries) => replaceFile(join(dir, 'group'), [...GROUP, ...entries]),
  };
  scene.service(options.service ?? MATRIX_SERVICE);
  scene.service(['auth required pam_deny.so', 'account required pam_deny.so'], 'other');
  scene.users(options.passwd ?? [ALICE]);
  scene.groups(options.group ?? ALICES_GROUPS);
  if (options.ownKeys) await init(join(dir, 'tls'));
  else cpSync(await sharedKeys(), join(dir, 'tls'), { recursive: true });
  return scene;
}

let shared: Promise<string> | undefined;

/** What `pamhook init` makes, made once for all scenes that copy it; gone when the process ends. */
function sharedKeys(): Promise<string> {
  shared ??= makeSharedKeys();
  return shared;
}

async function makeSharedKeys(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'pamhook-test-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  await init(join(dir, 'tls'));
  return join(dir, 'tls');
}

async function init(dir: string): Promise<void> {
  const { code, stderr } = await run(['init', '--dir', dir, '--hostname', 'localhost,127.0.0.1'], {});
  if (code !== 0) throw new Error(stderr);
}

/** By a new file, as passwd(1) and its like do it: no reader ever sees half of one. */
function replaceFile(path: string, lines: readonly string[]): void {
  writeFileSync(`${path}.new`, [...lines, ''].join('\n'));
  renameSync(`${path}.new`, path);
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How else than by itself the daemon is started. */
export interface Launch {
  /** A command that becomes the daemon, whose command line is put behind it. */
  readonly by?: readonly string[];
  /** Descriptors it gets from 3 on. */
  readonly descriptors?: readonly number[];
}

/** Runs a pamhook command to its end. */
export async function run(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { by = [], descriptors = [] }: Launch = {},
): Promise<Ended> {
  const [command = '', ...rest] = [...by, process.execPath, MAIN, ...args];
  const child = spawn(command, rest, { env, stdio: ['ignore', 'pipe', 'pipe', ...descriptors] });
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')];
  const [code] = await once(child, 'close');
  return { code, stdout: stdout(), stderr: stderr() };
}

function collect(child: ChildProcess, stream: 'stdout' | 'stderr'): () => string {
  const chunks: Buffer[] = [];
  child[stream]?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly user?: string;
  readonly password?: string;
  /** Several values are sent as so many headers. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** The client's own address, of 127/8. */
  readonly from?: string;
  /** Keeps the connection; without, each request has one of its own. */
  readonly agent?: Agent;
}

export interface Daemon {
  readonly pid: number;
  readonly port: number;
  /** Of the listener for reviews alone; undefined where there is none. */
  readonly webhookPort: number | undefined;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly stderr: () => string;
  readonly stdout: () => string;
  ask(path: string, options?: Ask): Promise<Answer>;
  /** GET /token with a password. */
  login(user: string, password: string, options?: Ask & { query?: string }): Promise<Answer>;
  /** The status of a TokenReview. */
  review(
    token: string,
    options?: { version?: string; audiences?: readonly string[]; agent?: Agent },
  ): Promise<{ status: number; review: Review }>;
  /** Pids of the processes below the supervisor, by title. */
  children(name: 'front' | 'worker' | 'limits-store' | 'metrics'): number[];
  /** Resolves when the log has a line with this message. */
  logged(message: string): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export interface Review {
  readonly apiVersion: string;
  readonly kind: string;
  readonly status: {
    readonly authenticated: boolean;
    readonly error?: string;
    readonly audiences?: readonly string[];
    readonly user?: { username: string; uid: string; groups: string[]; extra: Record<string, string[]> };
  };
}

/** Starts a daemon and waits until it serves; it is gone when the test ends. */
export async function startDaemon(
  t: Ending,
  scene: Scene,
  flags: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
  { by = [], descriptors = [] }: Launch = {},
): Promise<Daemon> {
  const [command = '', ...args] = [...by, process.execPath, scene.main ?? MAIN, 'serve', ...scene.flags, ...flags];
  const child = spawn(command, args, {
    env: { ...scene.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
  });
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')];
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const logged = async (message: string) => {
    while (!stderr().includes(message)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`pamhook ended: ${stderr()}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  await logged('"message":"serving"');
  const line =
    stderr()
      .split('\n')
      .find((text) => text.includes('"message":"serving"')) ?? '{}';
  const { port, webhookPort }: { port: number; webhookPort?: number } = JSON.parse(line);
  const ca = readFileSync(join(scene.dir, 'tls', 'ca.crt'));
  const ask = (path: string, options: Ask = {}) => askOnce(port, ca, path, options);
  return {
    pid: child.pid ?? 0,
    port,
    webhookPort,
    exited,
    stdout,
    stderr,
    ask,
    logged,
    login: (user, password, { query = '', ...options } = {}) => ask(`/token${query}`, { ...options, user, password }),
    async review(token, { version = 'v1', audiences, agent } = {}) {
      const spec = audiences === undefined ? { token } : { token, audiences };
      const body = JSON.stringify({ apiVersion: `authentication.k8s.io/${version}`, kind: 'TokenReview', spec });
      const answer = await ask('/authenticate?timeout=30s', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
        ...(agent === undefined ? {} : { agent }),
      });
      return { status: answer.status, review: JSON.parse(answer.body) };
    },
    children: (name) => childrenOf(child.pid ?? 0).filter((pid) => titleOf(pid) === `pamhook: ${name}`),
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
  };
}

/** No request of a test takes so long, on the slowest machine, milliseconds. */
const LONGEST_ANSWER = 60_000;

export function askOnce(
  port: number,
  ca: Buffer,
  path: string,
  { method = 'GET', user, password, headers = {}, body, signal, from, agent }: Ask,
): Promise<Answer> {
  const credentials =
    user === undefined ? {} : { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
  const options: RequestOptions = {
    host: '127.0.0.1',
    port,
    ca,
    path,
    method,
    agent: agent ?? false,
    headers: { ...credentials, ...headers } as OutgoingHttpHeaders,
    ...(signal ? { signal } : {}),
    ...(from ? { localAddress: from } : {}),
  };
  return new Promise((resolve, reject) => {
    const asked = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0, headers, rawHeaders } = response;
        resolve({ status: statusCode, headers, rawHeaders, body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    asked.on('error', reject);
    const bound = setTimeout(() => asked.destroy(new Error(`${method} ${path}: no answer`)), LONGEST_ANSWER);
    asked.on('close', () => clearTimeout(bound));
    asked.end(body);
  });
}

export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
}

export function titleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/[\0 ]+$/, '');
  } catch {
    return '';
  }
}

/** Resolves when the condition holds; the test's own time-out is the bound. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** A zombie counts as gone once its other threads are: until then they hold its descriptors, a listening socket among them. */
export function isAlive(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return !/^State:\s+Z/m.test(status) || !/^Threads:\s+[01]$/m.test(status);
  } catch {
    return false;
  }
}

/** The lines of the audit log that are written whole: a reader may come in the middle of a write. */
export function auditLines(scene: Scene): Record<string, unknown>[] {
  const text = readFileSync(join(scene.dir, 'audit.jsonl'), 'utf8');
  const lines = text.split('\n').slice(0, -1);
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}
