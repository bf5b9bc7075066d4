import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { settle, take } from '#src/privsep/count-scripts.js';
import { connectRedis, type RedisServer } from '#src/privsep/redis-connection.js';
import { type LinkState, openRedisLink } from '#src/privsep/redis-link.js';
import { ownAddress, type Redis, startRedis } from '../harness/redis.js';
import { scratchDirectory } from '../harness/scratch.js';
import { newCertificate } from '../keys/certificates.js';

const PASSWORD = 'correct horse battery staple';
const KEYS = ['pamhook:1:{source}:account', 'pamhook:1:{source}'];
const RULE = ['5', '100', '100', '1000', '15000'];

type Server = Partial<RedisServer> & Pick<RedisServer, 'socket'>;

/** A link whose answers may take long: only where something hangs on purpose does the time-out count. */
function link(t: TestContext, server: Server, timeout = 60_000) {
  const states: LinkState[] = [];
  const opened = openRedisLink({
    connect: (options) => connectRedis({ server: { database: 0, ...server }, timeout, ...options }),
    probeKey: 'pamhook:1:probe',
    onState: (state) => states.push(state),
    now: () => performance.now(),
  });
  t.after(() => opened.stop());
  const latest = () => states.at(-1);
  let last = 0;
  return {
    states,
    async is(state: LinkState['state']): Promise<LinkState> {
      while (latest()?.state !== state) await new Promise((resolve) => setTimeout(resolve, 10));
      return latest() as LinkState;
    },
    take: () => opened.run(take, KEYS, [`${++last}`, ...RULE]),
    giveBack: (attempt: number) => opened.run(settle, KEYS, [`${attempt}`, 'neutral']),
  };
}

/** Why the server is not used. */
async function reasonWith(t: TestContext, socket: RedisServer['socket'], credentials: Partial<RedisServer> = {}) {
  const state = await link(t, { socket, ...credentials }).is('alone');
  return state.state === 'alone' ? state.reason : '';
}

const tcp = ({ host, port }: Redis) => ({ host, port });

async function tlsFiles(t: TestContext, host: string) {
  const dir = scratchDirectory(t);
  const validity = { notBefore: Date.now() - 3_600_000, notAfter: Date.now() + 3_600_000 };
  const { certificate, key } = await newCertificate({ ...validity, names: [{ type: 'ip', value: host }] });
  writeFileSync(join(dir, 'redis.crt'), certificate);
  writeFileSync(join(dir, 'redis.key'), key, { mode: 0o600 });
  return { ca: certificate, cert: join(dir, 'redis.crt'), key: join(dir, 'redis.key') };
}

/** Listens where a Redis server could, and answers as told. */
async function impostor(t: TestContext, answer: (socket: Socket, chunk: Buffer) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => answer(socket, chunk));
  });
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: '127.0.0.1', port: (server.address() as { port: number }).port };
}

describe('the link to Redis', { concurrency: 4 }, () => {
  it('runs scripts by TCP and by a Unix socket, in the database that was asked for', async (t) => {
    const redis = await startRedis(t);
    for (const socket of [tcp(redis), { path: redis.socket }]) {
      const { is, take } = link(t, { socket, database: 3 });
      await is('shared');
      assert.equal(await take(), 0);
    }
    assert.equal(await redis.ask('DBSIZE'), 0);
    assert.match(String(await redis.ask('INFO', 'keyspace')), /db3:keys=3/);
  });

  it('goes on when Redis has forgotten its scripts', async (t) => {
    const redis = await startRedis(t);
    const { is, take, states } = link(t, { socket: tcp(redis) });
    await is('shared');
    for (let count = 0; count < 5; count++) {
      await redis.ask('SCRIPT', 'FLUSH');
      assert.equal(await take(), 0);
    }
    assert.ok(Number(await take()) > 0);
    assert.equal(states.length, 1);
  });

  it('says which password was refused or missing, and is there when it is right', async (t) => {
    const redis = await startRedis(t, { flags: ['--requirepass', PASSWORD], password: PASSWORD });
    const reasons = [
      [{}, /a password is wanted/],
      [{ password: 'wrong' }, /password refused/],
      [{ username: 'nobody', password: PASSWORD }, /password refused/],
    ] as const;
    for (const [credentials, reason] of reasons) {
      assert.match(await reasonWith(t, tcp(redis), credentials), reason);
    }
    const { is, take } = link(t, { socket: tcp(redis), password: PASSWORD });
    await is('shared');
    assert.equal(await take(), 0);
  });

  it('needs no more than the access control list in the docs', async (t) => {
    const page = readFileSync(new URL('../../../docs/limits-store.md', import.meta.url), 'utf8');
    const rules = /^user pamhook (.*)$/m.exec(page)?.[1]?.replace('>PASSWORD', `>${PASSWORD.replaceAll(' ', '-')}`);
    const redis = await startRedis(t);
    await redis.ask('ACL', 'SETUSER', 'pamhook', ...(rules ?? '').split(' '));
    const credentials = { username: 'pamhook', password: PASSWORD.replaceAll(' ', '-') };
    const { is, take, giveBack } = link(t, { socket: tcp(redis), database: 1, ...credentials });
    await is('shared');
    assert.equal(await take(), 0);
    assert.equal(await giveBack(1), 0);
    await redis.ask('ACL', 'SETUSER', 'pamhook', '~other:*', 'resetkeys');
    await assert.rejects(take());
    const state = await is('alone');
    assert.match(state.state === 'alone' ? state.reason : '', /access control/);
  });

  it('by TLS trusts the CA that it was given, for the address it was given, and no other', async (t) => {
    const host = ownAddress();
    const [own, other, misnamed] = await Promise.all([host, host, '192.0.2.1'].map((name) => tlsFiles(t, name)));
    assert.ok(own && other && misnamed);
    const redis = await startRedis(t, { host, tls: own });
    const socket = { ...tcp(redis), tls: true } as const;
    const { is, take } = link(t, { socket: { ...socket, ca: own.ca } });
    await is('shared');
    assert.equal(await take(), 0);
    for (const refused of [{ ...socket, ca: other.ca }, socket]) assert.match(await reasonWith(t, refused), /CERT/);
    const lying = await startRedis(t, { tls: misnamed });
    assert.match(await reasonWith(t, { ...socket, ...tcp(lying), ca: misnamed.ca }), /ALTNAME/);
  });

  it('says when Redis is gone, fails at once meanwhile, and is there again with it', async (t) => {
    const redis = await startRedis(t);
    const { is, take } = link(t, { socket: tcp(redis) });
    await is('shared');
    for (let turn = 0; turn < 2; turn++) {
      await redis.signal('SIGKILL');
      await is('alone');
      await assert.rejects(take(), /away/);
      await redis.start();
      await is('shared');
      assert.equal(await take(), 0);
    }
  });

  it('gives up a Redis that hangs, whether somebody asks or not', async (t) => {
    const redis = await startRedis(t);
    const { is, take } = link(t, { socket: tcp(redis) }, 200);
    for (const asks of [true, false]) {
      await is('shared');
      await redis.signal('SIGSTOP');
      if (asks) await assert.rejects(take());
      const state = await is('alone');
      assert.deepEqual(state, { state: 'alone', reason: 'no answer in time' });
      await redis.signal('SIGCONT');
    }
    await is('shared');
  });

  it('names what keeps Redis from counting', async (t) => {
    const redis = await startRedis(t);
    const { is, take } = link(t, { socket: tcp(redis) });
    await is('shared');
    const hindrances = [
      [['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0'], /memory is full/],
      [['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE'], /takes no writes/],
    ] as const;
    for (const [cause, cure, reason] of hindrances) {
      await redis.ask(...cause);
      await take().catch(() => {});
      const state = await is('alone');
      assert.match(state.state === 'alone' ? state.reason : '', reason);
      await redis.ask(...cure);
      await is('shared');
    }
    await redis.ask('SET', KEYS[0] ?? '', 'something else');
    await assert.rejects(take());
    const state = await is('alone');
    assert.match(state.state === 'alone' ? state.reason : '', /in use by something else/);
  });

  it('shows nobody the password, whatever answers', async (t) => {
    const quoting = await startRedis(t, { flags: ['--rename-command', 'AUTH', '""'] });
    const echo = await impostor(t, (socket, chunk) => socket.write(`-${chunk.toString().replaceAll(/\s/g, ' ')}\r\n`));
    const upper = await impostor(t, (socket) => socket.write('-SECRET is the password\r\n'));
    for (const socket of [tcp(quoting), echo, upper]) {
      const reason = await reasonWith(t, socket, { password: 'SECRET' });
      assert.doesNotMatch(reason, /SECRET/);
    }
  });

  const garbage: Record<string, string | ((count: number) => string)> = {
    'another protocol': 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n',
    'bytes without sense': '\u0000\u0001\u0002\u00ff'.repeat(1_000),
    'more answers than questions': ':0\r\n'.repeat(50),
    'a list without end': '*1\r\n'.repeat(10_000),
    'a length that is none': '$99999999999999999999\r\n',
    'a negative length': '$-7\r\n',
    'what only RESP 3 has': '>2\r\n+message\r\n+x\r\n%1\r\n+a\r\n#t\r\n,nan\r\n',
    'answers, and then others': (count) => (count < 2 ? ':0\r\n' : ':0\r\n:0\r\n'),
    'an answer that no script gives': ':3600001\r\n',
    'half an answer': ':',
    'nothing, forever': '',
  };
  for (const [what, said] of Object.entries(garbage)) {
    it(`gives up a server that says ${what}`, async (t) => {
      let count = 0;
      const socket = await impostor(t, (peer) => peer.write(typeof said === 'string' ? said : said(++count)));
      const { is, take } = link(t, { socket }, 200);
      await is('alone');
      await assert.rejects(take());
    });
  }

  it('believes a server that lies', async (t) => {
    const socket = await impostor(t, (peer) => peer.write(':0\r\n'));
    const { is, take } = link(t, { socket });
    await is('shared');
    assert.equal(await take(), 0);
  });
});

// By itself: its clock is everybody's.
describe('a link without a connection', () => {
  it('connects again with pauses that grow, and says why once, or again when that has changed for a minute', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    const states: LinkState[] = [];
    let tries = 0;
    let time = 0;
    let reason = 'ECONNRESET';
    const opened = openRedisLink({
      connect: () => {
        tries += 1;
        return Promise.reject(Object.assign(new Error(), { code: reason }));
      },
      probeKey: 'probe',
      onState: (state) => states.push(state),
      now: () => time,
    });
    const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
    const pass = (milliseconds: number) => {
      time += milliseconds;
      t.mock.timers.tick(milliseconds);
    };
    for (const pause of [0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
      await settled();
      reason = 'ECONNREFUSED';
      const before = tries;
      if (pause > 0) pass(pause - 1);
      assert.equal(tries, before);
      pass(1);
      assert.equal(tries, before + 1);
    }
    const reasons = () => states.map((state) => (state.state === 'alone' ? state.reason : ''));
    assert.deepEqual(reasons(), ['ECONNRESET']);
    for (let turn = 0; turn < 20; turn++) {
      await settled();
      pass(5_000);
    }
    assert.deepEqual(reasons(), ['ECONNRESET', 'ECONNREFUSED']);
    opened.stop();
    const before = tries;
    pass(60_000);
    assert.equal(tries, before);
  });
});
