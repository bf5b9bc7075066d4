/** Memory of the real daemon while strangers do their worst at once: thousands of idle connections, large bodies, wrong passwords. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { childrenOf, type Daemon, isRoot, type Scene, setScene, startDaemon, until } from '../daemon/daemon-harness.js';

const MIB = 1024 * 1024;
const IDLE = 3000;
const BODIES = 64;
const LOGINS = 128;
const MOST = 400 * MIB;

interface Memory {
  /** Of all processes of the daemon together, pages that several share counted once (proc(5), smaps_rollup). */
  readonly all: number;
  /** The same without pages of files, whose share hangs on what else runs on the machine. */
  readonly own: number;
}

function memoryOf(daemon: Daemon): Memory {
  const total = { all: 0, own: 0 };
  for (const pid of [daemon.pid, ...childrenOf(daemon.pid)]) {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    total.all += kibibytes(rollup, 'Pss') * 1024;
    total.own += kibibytes(rollup, 'Pss_Anon') * 1024;
  }
  return total;
}

function kibibytes(rollup: string, field: string): number {
  const value = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1];
  if (value === undefined) throw new Error(`smaps_rollup has no ${field}`);
  return Number(value);
}

interface Attacker {
  readonly socket: TLSSocket;
  /** All that came until the connection ended or an answer was whole. */
  answered(): Promise<string>;
}

function attackers(daemon: Daemon, scene: Scene) {
  const ca = readFileSync(join(scene.dir, 'tls', 'ca.crt'));
  return (localAddress: string): Promise<Attacker> =>
    new Promise((resolve, reject) => {
      const from = { localAddress };
      const socket = connect({ host: '127.0.0.1', port: daemon.port, ca, servername: 'localhost', ...from });
      let text = '';
      let told = () => {};
      socket.setEncoding('latin1').on('data', (chunk) => {
        text += chunk;
        told();
      });
      socket.on('error', reject);
      const answered = () =>
        new Promise<string>((answer) => {
          told = () => {
            if (/^HTTP\/1\.1 \d{3} .*\r\n\r\n./s.test(text)) answer(text);
          };
          told();
          socket.once('close', () => answer(text));
        });
      socket.once('secureConnect', () => resolve({ socket, answered }));
    });
}

/** So many at once: each handshake has a time limit, and the attackers share two cores with the attacked. */
async function eachOf<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) made.push(await make(next++));
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  return made;
}

const wrapped = (token: string) =>
  JSON.stringify({ kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', spec: { token } });
const review = wrapped('x'.repeat(MIB - wrapped('').length));

/** All of it held at the same moment; resolves to the most memory seen. */
async function wave(daemon: Daemon, scene: Scene): Promise<Memory> {
  const dial = attackers(daemon, scene);
  const peak = { all: 0, own: 0 };
  const look = () => {
    const seen = memoryOf(daemon);
    peak.all = Math.max(peak.all, seen.all);
    peak.own = Math.max(peak.own, seen.own);
  };
  const looking = setInterval(look, 250);
  const idle = await eachOf(IDLE, async (index) => {
    const attacker = await dial(`127.1.${index % 250}.1`);
    attacker.socket.write('GET /heartbeat HTTP/1.1\r\nHost: h\r\n\r\n');
    assert.match(await attacker.answered(), /^HTTP\/1\.1 200 .*keep-alive/is);
    return attacker;
  });
  await serves(daemon);
  const bodies = await eachOf(BODIES, async (index) => {
    const attacker = await dial(`127.2.0.${index + 1}`);
    const head = `POST /authenticate HTTP/1.1\r\nHost: h\r\nContent-Length: ${review.length}\r\n\r\n`;
    await new Promise((sent) => attacker.socket.write(head + review.slice(0, -1), sent));
    return attacker;
  });
  await serves(daemon);
  const guesses = await eachOf(LOGINS, async (index) => {
    const attacker = await dial(`127.3.0.${index + 1}`);
    const credentials = Buffer.from(`user${index}:wrong`).toString('base64');
    attacker.socket.write(`GET /token HTTP/1.1\r\nHost: h\r\nAuthorization: Basic ${credentials}\r\n\r\n`);
    return attacker;
  });
  look();
  for (const guess of guesses) assert.match(await guess.answered(), /^HTTP\/1\.1 401 /);
  await serves(daemon);
  for (const { socket } of bodies) socket.write(review.slice(-1));
  for (const body of bodies) assert.match(await body.answered(), /^HTTP\/1\.1 200 .*"authenticated":false/s);
  look();
  clearInterval(looking);
  assert.deepEqual(
    idle.filter(({ socket }) => socket.readyState !== 'open').length,
    0,
    'an idle connection was closed',
  );
  for (const { socket } of [...idle, ...bodies, ...guesses]) socket.destroy();
  const [front = 0] = daemon.children('front');
  await until(() => readdirSync(`/proc/${front}/fd`).length < 100);
  return peak;
}

/** To the innocent, whose address is another. */
async function serves(daemon: Daemon): Promise<void> {
  assert.equal((await daemon.ask('/heartbeat')).status, 200);
  const login = await daemon.login('alice', 'secret');
  assert.equal(login.status, 200);
  assert.equal((await daemon.review(login.body.trim())).review.status.authenticated, true);
}

describe('the daemon', () => {
  it(`holds ${IDLE} idle connections, ${BODIES} bodies of 1 MiB and ${LOGINS} wrong passwords in 400 MiB, again and again`, {
    skip: isRoot ? false : 'needs root: the memory of pamhook is closed to other processes of the same user',
    timeout: 240_000,
  }, async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, ['-refusal-delay', '1s']);
    const first = await wave(daemon, scene);
    const second = await wave(daemon, scene);
    const shown = `${inMib(first)}; again: ${inMib(second)}`;
    t.diagnostic(shown);
    assert.ok(first.all <= MOST && second.all <= MOST, shown);
    assert.ok(second.own - first.own <= first.all / 10, shown);
  });
});

function inMib({ all, own }: Memory): string {
  return `${Math.round(all / MIB)} MiB, without files ${Math.round(own / MIB)} MiB`;
}
