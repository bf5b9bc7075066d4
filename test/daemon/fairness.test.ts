/** Floods of logins from other addresses than the innocent's, at a PAM stack that lets none through until told. */
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { connect } from 'node:tls';
import { compile } from './compile.js';
import { auditLines, type Daemon, MATRIX_SERVICE, type Scene, setScene, startDaemon, until } from './daemon-harness.js';

const INNOCENT = '127.0.0.1';

/** A daemon whose logins all wait in PAM until the gate opens. */
async function startGated(t: TestContext, flags: readonly string[]) {
  const scene = await setScene(t);
  const [came, gate] = [join(scene.dir, 'came'), join(scene.dir, 'gate')];
  mkdirSync(came);
  scene.service([`auth optional ${compile('pam_gate', scene.dir, ['-lpam'])} ${came} ${gate}`, ...MATRIX_SERVICE]);
  // The queue is to do it without the limits, which keep a flood of failures from it.
  const daemon = await startDaemon(t, scene, ['-pam-timeout', '5m', '-login-limits', 'off', ...flags]);
  return { scene, daemon, atGate: () => readdirSync(came).length, openGate: () => writeFileSync(gate, '') };
}

interface Flood {
  /** Of those that are answered. */
  readonly statuses: readonly number[];
  /** Closes all connections. */
  stop(): Promise<void>;
}

/** So many wrong passwords from one address, each on a connection of its own: made anew when the front is too slow for its own bounds. */
function flood(t: TestContext, daemon: Daemon, from: string, users: readonly string[]): Flood {
  const statuses: number[] = [];
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  const login = async (user: string): Promise<void> => {
    const answer = await daemon.login(user, 'wrong', { from, signal: abort.signal }).catch(() => undefined);
    if (answer === undefined) return abort.signal.aborted ? undefined : login(user);
    statuses.push(answer.status);
    if (answer.status === 503) assert.equal(answer.headers['retry-after'], '1');
  };
  const logins = users.map(login);
  const stop = async () => {
    abort.abort();
    await Promise.all(logins);
  };
  t.after(stop);
  return { statuses, stop };
}

const names = (count: number, kinds: number) => Array.from({ length: count }, (_, n) => `user-${n % kinds}`);

const turnedAway = (floods: readonly Flood[]) =>
  floods.flatMap(({ statuses }) => statuses).filter((status) => status === 503).length;

/** Who was let through to PAM, in the order in which they ended. */
function transactions(scene: Scene): { user: unknown; source: unknown }[] {
  return auditLines(scene)
    .filter(({ event }) => String(event).startsWith('token.'))
    .map(({ user, source }) => ({ user, source }));
}

const placeOf = (scene: Scene, from: string) => transactions(scene).findIndex(({ source }) => source === from);

/** So many wrong passwords, pipelined on connections of 50 each; resolves when the front has read them all. */
async function pipeline(t: TestContext, daemon: Daemon, scene: Scene, from: string, count: number) {
  const ca = readFileSync(join(scene.dir, 'tls', 'ca.crt'));
  const request = (user: string) =>
    `GET /token HTTP/1.1\r\nHost: h\r\nAuthorization: Basic ${Buffer.from(`${user}:wrong`).toString('base64')}\r\n\r\n`;
  const target = { host: '127.0.0.1', port: daemon.port, localAddress: from, ca, servername: 'localhost' };
  const sockets = Array.from({ length: count / 50 }, () => connect(target).on('error', () => undefined));
  const close = () => {
    for (const socket of sockets) socket.destroy();
  };
  t.after(close);
  const bytes = names(50, 20).map(request).join('');
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.write(bytes, resolve))));
  await until(() => connections(daemon).every(({ unread }) => unread === 0));
  // By the time it answers, the front has seen to all that it read before.
  assert.equal((await daemon.ask('/heartbeat')).status, 200);
  return close;
}

/** Connections that the front has, in whatever state but the one in which the kernel alone keeps them. */
function connections({ port }: Daemon): { readonly unread: number }[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  const LISTEN = '0A';
  const TIME_WAIT = '06';
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, local = '', , state = '']) => local.endsWith(`:${hex}`) && state !== LISTEN && state !== TIME_WAIT)
    .map(([, , , , queues = '']) => ({ unread: Number.parseInt(queues.split(':')[1] ?? '', 16) }));
}

describe('a flood of logins', () => {
  it('from one address delays the login of another by one transaction, also when it has filled the queue', async (t) => {
    const { scene, daemon, openGate } = await startGated(t, ['-pam-workers', '1', '-login-queue', '200']);
    const floods = [flood(t, daemon, '127.0.0.2', names(201, 20))];
    await until(() => turnedAway(floods) >= 1);
    const innocent = daemon.login('alice', 'secret', { from: INNOCENT });
    await until(() => turnedAway(floods) >= 2);
    openGate();
    assert.equal((await innocent).status, 200);
    const place = placeOf(scene, INNOCENT);
    assert.ok(place <= 2, `the login came ${place + 1}th`);
  });

  it('for one name, from three addresses, delays its owner by one transaction of each', async (t) => {
    const { scene, daemon, openGate } = await startGated(t, ['-pam-workers', '4', '-login-queue', '60']);
    const users = Array<string>(21).fill('alice');
    const floods = ['127.0.0.2', '127.0.0.3', '127.0.0.4'].map((from) => flood(t, daemon, from, users));
    await until(() => turnedAway(floods) >= 3);
    const owner = daemon.login('alice', 'secret', { from: INNOCENT });
    await until(() => turnedAway(floods) >= 4);
    openGate();
    assert.equal((await owner).status, 200);
    const place = placeOf(scene, INNOCENT);
    assert.ok(place <= 4, `the login came ${place + 1}th`);
  });

  it('has all workers while nobody else comes', async (t) => {
    const { daemon, atGate } = await startGated(t, ['-pam-workers', '4']);
    flood(t, daemon, '127.0.0.2', names(20, 20));
    await until(() => atGate() === 4);
  });

  it('whose clients go away leaves nothing behind: the next login has its turn at once', async (t) => {
    const { scene, daemon, openGate } = await startGated(t, ['-pam-workers', '1', '-login-queue', '1000']);
    const close = await pipeline(t, daemon, scene, '127.0.0.2', 1000);
    const full = await daemon.login('alice', 'secret', { from: '127.0.0.2' });
    assert.equal(full.status, 503, 'all places are taken');
    close();
    await until(() => connections(daemon).length === 0);
    assert.equal((await daemon.ask('/heartbeat')).status, 200);
    const next = daemon.login('alice', 'secret', { from: '127.0.0.2' });
    openGate();
    assert.equal((await next).status, 200);
    assert.equal(transactions(scene).length, 2, 'the one that was in PAM already, and this');
  });
});
