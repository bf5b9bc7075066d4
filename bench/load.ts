/** Runs the load programs, each to its end, and reads what they print. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { LOAD } from './paths.js';
import { percentile } from './statistics.js';

export interface Loaded {
  readonly answered: number;
  readonly failed: number;
  readonly seconds: number;
  /** Answered as they should be, but after the time was over. */
  readonly late: number;
  /** Connections that resumed a session; of libpam, seconds of processor time. */
  readonly extra: number;
  /** Milliseconds, in rising order; none from wrk. */
  readonly latencies: readonly number[];
}

const BUILD = fileURLToPath(new URL('./load/', import.meta.url));
const FLAGS = ['-O2', '-std=gnu11', '-Wall', '-Wextra', '-Werror'];
const PROGRAMS = { 'open-loop': ['ssl', 'crypto'], connections: ['ssl', 'crypto', 'pthread'], libpam: ['pam'] };

/** The service of nsswitch.conf, compiled. */
export const NSS_SERVICE = `${BUILD}libnss_bench.so.2`;

/** Compiles the load programs, and the directory whose people are reviewed. */
export function compileLoad(): void {
  execFileSync('cc', [...FLAGS, '-shared', '-fPIC', '-o', NSS_SERVICE, `${LOAD}nss_bench.c`], { stdio: 'inherit' });
  for (const [name, libraries] of Object.entries(PROGRAMS)) {
    const files = ['-o', BUILD + name, `${LOAD}${name}.c`];
    execFileSync('cc', [...FLAGS, ...files, ...libraries.map((library) => `-l${library}`)], { stdio: 'inherit' });
  }
}

/** As many requests as the server answers, over kept connections. */
export async function saturate(url: string, connections: number, seconds: number, requests: string): Promise<Loaded> {
  const script = ['-s', `${LOAD}requests.lua`, url, '--', requests];
  // wrk knows whole seconds only.
  const args = ['-t1', `-c${connections}`, `-d${Math.max(1, Math.round(seconds))}s`, '--timeout', '10s', ...script];
  const text = await output('wrk', args, {}, seconds < 1 ? seconds : undefined);
  const [, json] = /^RESULT (.*)$/m.exec(text) ?? [];
  if (json === undefined) throw new Error(`wrk printed no result: ${text}`);
  return { ...JSON.parse(json), late: 0, extra: 0, latencies: [] };
}

/** Requests at a fixed rate; latencies from the planned start. */
export function atFixedRate(
  port: number,
  connections: number,
  rate: number,
  seconds: number,
  requests: string,
): Promise<Loaded> {
  return program('open-loop', [port, connections, rate, seconds, 200, requests], { nice: MEASURING });
}

export interface Connecting {
  readonly port: number;
  readonly clients: number;
  readonly seconds: number;
  readonly status: number;
  readonly requests: string;
  readonly resume?: boolean;
  /** They come from addresses of 127.`net`/16, each from another after so many requests. */
  readonly from?: { readonly net: number; readonly moveAfter: number };
}

/** A TLS connection for each request. */
export function connecting({ port, clients, seconds, status, requests, resume, from }: Connecting): Promise<Loaded> {
  const source = [from?.net ?? 0, from?.moveAfter ?? 1];
  const nice = from === undefined ? 0 : ATTACKING;
  return program('connections', [port, clients, seconds, status, resume ? 1 : 0, ...source, requests], { nice });
}

/** Plain processes that do PAM transactions. */
export function throughLibpam(processes: number, seconds: number, prefix: string, password: string): Promise<Loaded> {
  return program('libpam', ['pamhook', processes, seconds, prefix], { input: `${password}\n` });
}

/**
 * Nice values, where they may be chosen. Whoever measures latency must not wait for a processor, or would count the waiting as the server's; attackers
 * are on other machines, of which the server feels what they send and not what it costs them to send it.
 */
const MEASURING = -10;
const ATTACKING = 10;

interface Run {
  readonly input?: string;
  readonly nice?: number;
}

async function program(
  name: keyof typeof PROGRAMS,
  args: readonly (string | number)[],
  run: Run = {},
): Promise<Loaded> {
  const [first = '', ...lines] = (await output(BUILD + name, args.map(String), run)).trimEnd().split('\n');
  const [answered = 0, failed = 0, seconds = 0, late = 0, extra = 0] = first.split(' ').map(Number);
  const latencies = lines.map((line) => Number(line) / 1e6).sort((one, other) => one - other);
  return { answered, failed, seconds, late, extra, latencies };
}

/** `interruptAfter`: seconds until it is asked to come to its end. */
async function output(
  command: string,
  args: readonly string[],
  { input = '', nice = 0 }: Run,
  interruptAfter?: number,
): Promise<string> {
  // In a session of its own: between sessions the kernel's autogroups count, and not the nice values of processes.
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: nice !== 0 });
  if (child.pid !== undefined && nice !== 0 && process.getuid?.() === 0) beNice(child.pid, nice);
  if (interruptAfter !== undefined) setTimeout(() => child.kill('SIGINT'), interruptAfter * 1000);
  child.stdin.end(input);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = await once(child, 'close');
  const text = Buffer.concat(chunks).toString('utf8');
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${text}`);
  return text;
}

function beNice(pid: number, nice: number): void {
  setPriority(pid, nice);
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(nice));
  } catch {
    // This kernel has none.
  }
}

export function percentilesOf({ latencies }: Pick<Loaded, 'latencies'>) {
  const at = (share: number) => percentile(latencies, share);
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), 'p99.9': at(0.999) };
}
