/** Replicas of a real pamhook with a real Redis, whole, gone, hung and false. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { settle, take } from '#src/privsep/count-scripts.js';
import { ownAddress, type Redis, startRedis } from '../harness/redis.js';
import { newCertificate } from '../keys/certificates.js';
import {
  ALICE,
  type Ask,
  type Daemon,
  isAlive,
  isRoot,
  type Scene,
  setScene,
  startDaemon,
  until,
} from './daemon-harness.js';

const needsRoot = isRoot ? false : 'needs root';
const TOGETHER = 'failed logins are counted together with other replicas';
const ALONE = 'failed logins are counted by this replica alone';
const DIED = 'the process for limits-store died';
const PASSWORD = 'correct horse battery staple';
const PEOPLE = [ALICE, 'bob:x:20003:20001:Bob:/nonexistent:/bin/sh', 'store:x:20060:20060::/nonexistent:/bin/false'];
/** No waits, and a long time to answer: nothing depends on how fast the machine is. */
const SIX_AN_HOUR = ['-login-free-failures', '1000', '-login-failures-per-hour', '6', '-limits-store-timeout', '5s'];

const scenery = (t: TestContext) => setScene(t, { passwords: { alice: 'secret', bob: 'secret' }, passwd: PEOPLE });

/** Replicas of one pamhook that share their counts. */
function startReplica(t: TestContext, scene: Scene, url: string, flags: readonly string[], name = 'first') {
  const own = ['-limits-store', url, '-audit-log', join(scene.dir, `${name}.jsonl`)];
  return startDaemon(t, scene, [...own, ...flags]);
}

/** A Redis that speaks TLS only and wants a password, and what a replica needs for it. */
async function guardedRedis(t: TestContext, { dir }: Scene) {
  const [password, cert, key] = [join(dir, 'redis-password'), join(dir, 'redis.crt'), join(dir, 'redis.key')];
  const host = ownAddress();
  const validity = { notBefore: Date.now() - 3_600_000, notAfter: Date.now() + 3_600_000 };
  const made = await newCertificate({ ...validity, names: [{ type: 'ip', value: host }] });
  writeFileSync(cert, made.certificate);
  writeFileSync(key, made.key);
  writeFileSync(password, `${PASSWORD}\n`, { mode: 0o600 });
  const flags = ['--requirepass', PASSWORD];
  const redis = await startRedis(t, { host, tls: { cert, key }, flags, password: PASSWORD });
  return { redis, flags: ['-limits-store-password-file', password, '-limits-store-ca-file', cert] };
}

type From = Pick<Ask, 'from'>;

function wrong(daemon: Daemon, count: number, { from }: Required<From>): Promise<number[]> {
  const logins = Array.from({ length: count }, () => daemon.login('alice', 'wrong', { from }));
  return Promise.all(logins.map(async (login) => (await login).status));
}

const times = (status: number, count: number) => Array<number>(count).fill(status);

/** Those of attempts. */
async function keysOf(redis: Redis): Promise<string[]> {
  return (await redis.ask('KEYS', '*{*')) as string[];
}

/** Resolves when the log says so once more than before the change. */
async function saysAfter(daemons: readonly Daemon[], message: string, change: () => Promise<unknown> | unknown) {
  const said = ({ stderr }: Daemon) => stderr().split(`"message":"${message}"`).length - 1;
  const before = daemons.map(said);
  await change();
  await until(() => daemons.every((daemon, index) => said(daemon) > (before[index] ?? 0)));
}

test('replicas with a limits-store', async (t) => {
  const scene = await scenery(t);
  const { redis, flags } = await guardedRedis(t, scene);
  const all = [
    ...flags,
    ...SIX_AN_HOUR,
    '-limits-store-prefix',
    'test:',
    ...(isRoot ? ['-limits-store-run-as', 'store'] : []),
  ];
  const both = await Promise.all(['first', 'second'].map((name) => startReplica(t, scene, redis.url, all, name)));
  const [first, second] = both as [Daemon, Daemon];
  await Promise.all(both.map((daemon) => daemon.logged(TOGETHER)));

  await t.test('limit together the guesses that are spread over them, from one source at one account', async () => {
    const guesser = { from: '127.8.0.1' };
    assert.deepEqual(await wrong(first, 3, guesser), times(401, 3));
    assert.deepEqual(await wrong(second, 3, guesser), times(401, 3));
    for (const daemon of both) {
      const answer = await daemon.login('alice', 'secret', guesser);
      assert.equal(answer.status, 429, 'the right password too, or it would be found out');
      const wait = Number(answer.headers['retry-after']);
      assert.ok(wait > 3_000 && wait <= 3_600, `${wait}`);
      assert.equal((await daemon.login('alice', 'secret')).status, 200, 'from elsewhere');
      assert.equal((await daemon.login('bob', 'secret', guesser)).status, 200, 'another account');
    }
  });

  await t.test('clear the count of an account that logs in at one of them, where it has failed', async () => {
    const owner = { from: '127.8.0.2' };
    assert.deepEqual(await wrong(first, 5, owner), times(401, 5));
    assert.equal((await second.login('alice', 'secret', owner)).status, 200);
    // Each replica's own count has its own five.
    assert.deepEqual(await wrong(second, 6, owner), times(401, 6));
    assert.deepEqual(await wrong(second, 1, owner), [429]);
  });

  await t.test('leave nothing in Redis for longer than an hour, and no name or address in clear', async () => {
    const keys = (await redis.ask('KEYS', '*')) as string[];
    assert.ok(keys.length >= 4);
    for (const key of keys) {
      assert.match(key, /^test:1:(probe:[\w-]{12}|\{[\w-]{22}\}(:[\w-]{22})?)$/);
      const left = Number(await redis.ask('PTTL', key));
      assert.ok(left > 0 && left <= 3_600_000, `${key} ${left}`);
      const members = (await redis.ask('ZRANGE', key, '0', '-1')) as string[];
      for (const member of members) assert.match(member, /^(probe|[\w-]{12}\w+)$/);
    }
  });

  await t.test('show the password nowhere', () => {
    for (const daemon of both) {
      const pids = [daemon.pid, ...(['front', 'worker', 'limits-store'] as const).flatMap(daemon.children)];
      assert.ok(pids.length >= 4);
      for (const pid of pids) {
        assert.doesNotMatch(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /correct horse/);
        if (isRoot) assert.doesNotMatch(readFileSync(`/proc/${pid}/environ`, 'utf8'), /correct horse/);
      }
      assert.doesNotMatch(daemon.stderr() + daemon.stdout(), /correct horse/);
    }
  });

  await t.test('as root, have a process for it without any privilege, that holds no file', { skip: needsRoot }, () => {
    const [pid = 0] = first.children('limits-store');
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
      assert.match(status, /^Uid:\t20060\t20060\t20060\t20060$/m);
      assert.match(status, /^Gid:\t20060\t20060\t20060\t20060$/m);
      assert.match(status, /^Groups:\s*$/m);
      assert.match(status, /^CapPrm:\t0{16}$/m);
      assert.match(status, /^NoNewPrivs:\t1$/m);
      assert.match(status, /^Seccomp:\t2$/m);
    }
    for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
      assert.match(readlinkSync(`/proc/${pid}/fd/${descriptor}`), /^(socket:|pipe:|anon_inode:|\/dev\/null$)/);
    }
  });

  await t.test('replace the process that speaks to Redis, and lose no login to its death', async () => {
    const [victim = 0] = first.children('limits-store');
    await saysAfter([first], TOGETHER, async () => {
      const logins = Array.from({ length: 4 }, () => first.login('bob', 'secret', { from: '127.8.0.4' }));
      process.kill(victim, 'SIGKILL');
      for (const { status } of await Promise.all(logins)) assert.equal(status, 200);
    });
    assert.ok(first.stderr().includes(DIED));
    assert.equal(isAlive(victim), false);
  });

  await t.test('fail no login when Redis is killed among them, and count together again when it is back', async () => {
    const spread = Array.from({ length: 48 }, (_, index) => ({
      daemon: both[index % 2] as Daemon,
      from: `127.9.0.${index}`,
    }));
    const logins = spread.map(async ({ daemon, from }) => (await daemon.login('alice', 'secret', { from })).status);
    await Promise.race(logins);
    await saysAfter(both, ALONE, () => redis.signal('SIGKILL'));
    assert.deepEqual(await Promise.all(logins), times(200, 48));
    const guesser = { from: '127.8.0.5' };
    for (const daemon of both) assert.deepEqual(await wrong(daemon, 4, guesser), times(401, 4));
    await saysAfter(both, TOGETHER, redis.start);
    assert.deepEqual(await wrong(first, 2, guesser), times(401, 2));
    assert.deepEqual(await wrong(first, 1, guesser), [429], 'its own counts hold whatever Redis has forgotten');
    assert.equal((await keysOf(redis)).length, 2);
  });

  await t.test('give back what ends with them, and leave no process', async () => {
    const children = both.flatMap((daemon) => daemon.children('limits-store'));
    assert.equal(children.length, 2);
    for (const daemon of both) assert.deepEqual(await daemon.stop(), { code: 0, signal: null }, daemon.stderr());
    assert.deepEqual(children.filter(isAlive), []);
    assert.doesNotMatch(first.stderr() + second.stderr(), /broke the protocol|cannot start/);
  });
});

test('a replica whose Redis, or the process that asks it, hangs keeps no login waiting for it', async (t) => {
  const redis = await startRedis(t);
  const scene = await scenery(t);
  const daemon = await startReplica(t, scene, redis.url, []);
  await daemon.logged(TOGETHER);
  const [store = 0] = daemon.children('limits-store');
  const hangers = [redis.signal, async (name: NodeJS.Signals) => process.kill(store, name)];
  for (const signal of hangers) {
    await saysAfter([daemon], ALONE, async () => {
      await signal('SIGSTOP');
      const logins = Array.from({ length: 4 }, () => daemon.login('alice', 'secret'));
      for (const { status } of await Promise.all(logins)) assert.equal(status, 200);
    });
    assert.equal((await daemon.login('bob', 'secret')).status, 200);
    await saysAfter([daemon], TOGETHER, () => signal('SIGCONT'));
  }
});

test('a replica whose Redis refuses the password goes on alone and says why, until the file has the right one', async (t) => {
  const redis = await startRedis(t, { flags: ['--requirepass', PASSWORD], password: PASSWORD });
  const scene = await scenery(t);
  const file = join(scene.dir, 'redis-password');
  writeFileSync(file, 'hunter2', { mode: 0o600 });
  const daemon = await startReplica(t, scene, redis.url, [...SIX_AN_HOUR, '-limits-store-password-file', file]);
  await daemon.logged(ALONE);
  assert.match(daemon.stderr(), /"reason":"user name or password refused \(WRONGPASS\)"/);
  assert.equal((await daemon.login('alice', 'secret')).status, 200);
  assert.deepEqual(await wrong(daemon, 6, { from: '127.8.0.1' }), times(401, 6));
  assert.deepEqual(await wrong(daemon, 1, { from: '127.8.0.1' }), [429]);
  writeFileSync(file, PASSWORD);
  await daemon.logged(TOGETHER);
  assert.doesNotMatch(daemon.stderr(), /hunter2|correct horse/);
});

/** Answers as Redis would, but keeps to itself for the time being what becomes of attempts. */
async function startPonderer(t: TestContext) {
  const waiting: Socket[] = [];
  const settled: string[] = [];
  const port = await listen(t, (socket, chunk) => {
    const text = chunk.toString('latin1');
    if (text.includes(take.sha1)) waiting.push(socket);
    else socket.write(':0\r\n'.repeat(text.split('EVALSHA').length - 1));
    if (text.includes(settle.sha1)) settled.push(...(text.match(/succeeded|neutral/g) ?? []));
  });
  const answerAll = () => {
    for (const socket of waiting.splice(0)) socket.write(':0\r\n');
  };
  return { port, settled, waits: () => waiting.length, answerAll };
}

test('a login whose client or front goes away while Redis is asked is given back', async (t) => {
  const redis = await startPonderer(t);
  const daemon = await startReplica(t, await scenery(t), `redis://127.0.0.1:${redis.port}`, [
    '-limits-store-timeout',
    '5s',
  ]);
  await daemon.logged(TOGETHER);
  const leave = [
    (client: AbortController) => client.abort(),
    () => process.kill(daemon.children('front')[0] ?? 0, 'SIGKILL'),
  ];
  for (const [index, goAway] of leave.entries()) {
    const client = new AbortController();
    const login = daemon.login('alice', 'secret', { signal: client.signal });
    await until(() => redis.waits() === 1);
    goAway(client);
    await assert.rejects(login);
    redis.answerAll();
    await until(() => redis.settled.length === index + 1);
  }
  // Redis may answer before the supervisor has heard of it: the login then goes on to PAM and succeeds, which gives it back as well.
  for (const outcome of redis.settled) assert.match(outcome, /^(?:neutral|succeeded)$/);
});

/** A server that answers the first command with a text without end. */
function startFlood(t: TestContext): Promise<number> {
  const data = Buffer.alloc(1024 * 1024, 'x');
  return listen(t, (socket) => {
    const pour = () => {
      while (!socket.destroyed && socket.write(data));
    };
    socket.on('drain', pour).write('$999999999999\r\n', pour);
  });
}

/** Listens where Redis could; returns the port. */
async function listen(t: TestContext, onData: (socket: Socket, chunk: Buffer) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('data', (chunk) => onData(socket, chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as { port: number }).port;
}

test('a replica under a flood in place of Redis goes on alone, and the process that is flooded ends in time', async (t) => {
  const port = await startFlood(t);
  const daemon = await startReplica(t, await scenery(t), `redis://127.0.0.1:${port}`, ['-limits-store-timeout', '5s']);
  await daemon.logged(ALONE);
  const died = saysAfter([daemon], DIED, () => {});
  for (let turn = 0; turn < 3; turn++) assert.equal((await daemon.login('alice', 'secret')).status, 200);
  await died;
  assert.match(daemon.stderr(), /"process":"limits-store".*"message":"Redis sends more than can be of use/);
});
