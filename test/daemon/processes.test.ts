import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { inCommon } from '../harness/in-common.js';
import { compile } from './compile.js';
import {
  ALICE,
  auditLines,
  childrenOf,
  isAlive,
  isRoot,
  MATRIX_SERVICE,
  setScene,
  startDaemon,
  titleOf,
  until,
} from './daemon-harness.js';
import { startLoad } from './load.js';

const needsRoot = isRoot ? false : 'needs root';

/** As it comes, for those who only look at it. */
const plain = inCommon(async (t) => startDaemon(t, await setScene(t)));
const nice = inCommon(async (t) => startDaemon(t, await setScene(t), ['-pam-worker-nice', '10']));

/** A daemon whose PAM stack has a module that hangs, crashes and so on for the users of those names. */
async function startTroubled(t: TestContext, flags: readonly string[] = []) {
  const names = ['hang', 'crash', 'leave', 'helper', 'orphan', 'service'];
  const passwd = names.map((name, index) => `${name}:x:${20050 + index}:20001::/:/bin/sh`);
  const scene = await setScene(t, { passwd: [ALICE, ...passwd] });
  const hangs = join(scene.dir, 'hangs');
  scene.service([`auth optional ${compile('pam_trouble', scene.dir, ['-lpam'])} ${hangs}`, ...MATRIX_SERVICE]);
  const daemon = await startDaemon(t, scene, ['-pam-timeout', '4s', ...flags]);
  return { scene, daemon, hangs: () => existsSync(hangs) };
}

/** What a descriptor of another process is; nothing when that closes it meanwhile. */
function targetOf(descriptor: string): string[] {
  try {
    return [readlinkSync(descriptor)];
  } catch {
    return [];
  }
}

/** Of the session's group, by sched(7). */
function niceOfGroup(pid: number): number | undefined {
  const file = `/proc/${pid}/autogroup`;
  const [, nice] = (existsSync(file) && / nice (-?\d+)/.exec(readFileSync(file, 'utf8'))) || [];
  return nice === undefined ? undefined : Number(nice);
}

/** Every process below one, however deep. */
function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

describe('the processes', () => {
  it('are a supervisor, a front and one warm worker', async () => {
    const daemon = await plain();
    await until(() => daemon.children('worker').length === 1);
    assert.equal(daemon.children('front').length, 1);
    assert.equal(titleOf(daemon.pid), 'pamhook');
  });

  it('let reviews go before the hashing of passwords, where both want a processor', async () => {
    const daemon = await nice();
    await daemon.login('alice', 'secret');
    const [front, worker] = [...daemon.children('front'), ...daemon.children('worker')].map((pid) => getPriority(pid));
    assert.equal(worker, Math.min((front ?? 0) + 10, 19));
  });

  it('do so too where Linux groups processes by session', { skip: needsRoot }, async () => {
    const daemon = await nice();
    await daemon.login('alice', 'secret');
    const [front, worker] = [...daemon.children('front'), ...daemon.children('worker')].map(niceOfGroup);
    // undefined: this Linux has no such groups.
    if (front !== undefined) assert.equal(worker, Math.min(front + 10, 19));
  });

  it('keep a module that hangs to its own login, which is answered 503', async (t) => {
    const { scene, daemon } = await startTroubled(t);
    const hanging = daemon.login('hang', 'x');
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
    assert.equal((await daemon.ask('/heartbeat')).status, 200);
    const answer = await hanging;
    assert.equal(answer.status, 503);
    assert.ok(answer.headers['retry-after']);
    assert.equal(auditLines(scene).find(({ user }) => user === 'hang')?.['error'], 'ERR_LOGIN_OVERRUN');
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
  });

  for (const user of ['crash', 'leave']) {
    it(`lose one login to a module that makes its process ${user}, and replace the process`, async (t) => {
      const { scene, daemon } = await startTroubled(t);
      assert.equal((await daemon.login(user, 'x')).status, 503);
      assert.equal(auditLines(scene).find((line) => line['user'] === user)?.['error'], 'ERR_LOGIN_WORKER_DIED');
      assert.equal((await daemon.login('alice', 'secret')).status, 200);
    });
  }

  it('end and reap what a module leaves behind in a session of its own', async (t) => {
    const { daemon } = await startTroubled(t);
    const answer = daemon.login('helper', 'x');
    const sleeping = () => descendantsOf(daemon.pid).filter((pid) => titleOf(pid).startsWith('sleep'));
    await until(() => sleeping().length === 1);
    const [helper = 0] = sleeping();
    assert.equal((await answer).status, 503);
    await until(() => !isAlive(helper));
    await until(() => !childrenOf(daemon.pid).includes(helper));
  });

  it('replace a front and a worker that are killed; the port stays open', async (t) => {
    const daemon = await startDaemon(t, await setScene(t));
    await until(() => daemon.children('worker').length === 1);
    for (const name of ['front', 'worker'] as const) {
      const [victim = 0] = daemon.children(name);
      process.kill(victim, 'SIGKILL');
      await until(() => daemon.children(name).some((pid) => pid !== victim));
      assert.equal((await daemon.login('alice', 'secret')).status, 200);
    }
  });

  for (const user of ['hang', 'helper']) {
    it(`all end with the supervisor, under load and with a module that has a ${user}, and free the port`, async (t) => {
      const { scene, daemon, hangs } = await startTroubled(t, ['-pam-timeout', '1m']);
      const hanging = daemon.login(user, 'x').catch(() => undefined);
      const sleeping = () => descendantsOf(daemon.pid).filter((pid) => titleOf(pid).startsWith('sleep'));
      await until(() => hangs() || sleeping().length === 1);
      const load = startLoad(scene, daemon.port, { fresh: 4, kept: 4 });
      await load.reach(50);
      const all = descendantsOf(daemon.pid);
      process.kill(daemon.pid, 'SIGKILL');
      await daemon.exited;
      await until(() => all.every((pid) => !isAlive(pid)));
      await Promise.all([hanging, load.refused]);
      await assert.rejects(
        new Promise((resolve, reject) =>
          connect(daemon.port, '127.0.0.1').once('connect', resolve).once('error', reject),
        ),
        { code: 'ECONNREFUSED' },
      );
    });
  }

  it('show no key in their arguments, and none in their environment', async (t) => {
    const scene = await setScene(t);
    const secret = 'a-signing-key-of-at-least-32-bytes!';
    const withoutKey = scene.flags.filter(
      (flag, index) => flag !== '-signing-key-file' && scene.flags[index - 1] !== '-signing-key-file',
    );
    const given = [
      { flags: [...withoutKey, '-signing-key', secret], env: {} },
      { flags: withoutKey, env: { PAMHOOK_SIGNING_KEY: secret } },
    ];
    for (const { flags, env } of given) {
      const daemon = await startDaemon(t, { ...scene, flags }, [], env);
      await until(() => daemon.children('worker').length === 1);
      for (const pid of [daemon.pid, ...descendantsOf(daemon.pid)]) {
        assert.doesNotMatch(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /a-signing-key/);
      }
      // Closed to the same uid, so that as an ordinary user there is nothing to read; root reads all.
      for (const pid of isRoot ? [daemon.pid, ...descendantsOf(daemon.pid)] : []) {
        assert.doesNotMatch(readFileSync(`/proc/${pid}/environ`, 'utf8'), /a-signing-key/);
      }
      assert.doesNotMatch(daemon.stderr() + daemon.stdout(), /a-signing-key/);
      await daemon.stop();
    }
  });

  it('open no port for a debugger, whatever signal they are sent', async (t) => {
    const daemon = await startDaemon(t, await setScene(t));
    await until(() => daemon.children('worker').length === 1);
    // A worker has its handlers a moment after its start.
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
    const pids = [daemon.pid, ...daemon.children('front'), ...daemon.children('worker')];
    for (const pid of pids) process.kill(pid, 'SIGUSR1');
    for (let count = 0; count < 5; count += 1) assert.equal((await daemon.login('alice', 'secret')).status, 200);
    assert.ok(pids.every(isAlive));
    assert.doesNotMatch(daemon.stderr(), /Debugger|inspector/i);
  });

  it('close their memory and environment to other processes of the same user', {
    skip: isRoot ? 'root reads everything' : false,
  }, async () => {
    const daemon = await plain();
    await until(() => daemon.children('worker').length === 1);
    // A worker closes itself before it is given anything, a moment after its start.
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
    for (const pid of [daemon.pid, ...daemon.children('front'), ...daemon.children('worker')]) {
      assert.throws(() => readFileSync(`/proc/${pid}/environ`), { code: 'EACCES' });
    }
  });

  it('as root, have a front without any privilege on all of its threads', { skip: needsRoot }, async () => {
    const daemon = await plain();
    const [front = 0] = daemon.children('front');
    for (const thread of readdirSync(`/proc/${front}/task`)) {
      const status = readFileSync(`/proc/${front}/task/${thread}/status`, 'utf8');
      assert.match(status, /^Uid:\t65534\t65534\t65534\t65534$/m);
      assert.match(status, /^Gid:\t65534\t65534\t65534\t65534$/m);
      assert.match(status, /^Groups:\s*$/m);
      assert.match(status, /^CapPrm:\t0{16}$/m);
      assert.match(status, /^CapEff:\t0{16}$/m);
      assert.match(status, /^NoNewPrivs:\t1$/m);
      assert.match(status, /^Seccomp:\t2$/m);
    }
    await until(() => daemon.children('worker').length === 1);
    const [worker = 0] = daemon.children('worker');
    assert.match(readFileSync(`/proc/${worker}/status`, 'utf8'), /^Uid:\t0\t/m);
  });

  it('as root, have a front that holds no file but its sockets, and none of the project', {
    skip: needsRoot,
  }, async () => {
    const daemon = await plain();
    await daemon.review('garbage');
    const [front = 0] = daemon.children('front');
    const open = readdirSync(`/proc/${front}/fd`).flatMap((fd) => targetOf(join(`/proc/${front}/fd`, fd)));
    assert.ok(open.length > 0);
    for (const target of open) {
      assert.match(
        target,
        /^(socket:|pipe:|anon_inode:|\/dev\/null$)/,
        'a file that is no socket, pipe or event descriptor',
      );
    }
  });

  it('give each worker its share of logins, and then another worker', async (t) => {
    const daemon = await startDaemon(t, await setScene(t), ['-pam-worker-max-logins', '2', '-pam-workers', '1']);
    await until(() => daemon.children('worker').length === 1);
    const [first = 0] = daemon.children('worker');
    for (let count = 0; count < 5; count += 1) assert.equal((await daemon.login('alice', 'secret')).status, 200);
    assert.equal(isAlive(first), false);
  });
});
