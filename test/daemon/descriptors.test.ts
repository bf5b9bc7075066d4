import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { Agent } from 'node:https';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { compile } from './compile.js';
import {
  ALICE,
  auditLines,
  type Daemon,
  isRoot,
  MATRIX_SERVICE,
  run,
  setScene,
  startDaemon,
  until,
} from './daemon-harness.js';

const needsUser = isRoot ? 'root may have any number of processes' : false;

/** Soft and hard limit on open files, as of a shell with `ulimit -n`. */
const filesLimitedTo = (count: number) => ({ by: ['prlimit', `--nofile=${count}:${count}`] });

/** Sets the soft limit of a running process. */
function limit(pid: number, resource: 'nofile' | 'nproc', count: number): void {
  execFileSync('prlimit', ['--pid', String(pid), `--${resource}=${count}:`]);
}

function softLimit(pid: number, resource: 'nofile' | 'nproc'): number {
  const text = execFileSync('prlimit', [
    '--pid',
    String(pid),
    `--${resource}`,
    '--raw',
    '--noheadings',
    '--output=SOFT',
  ]);
  return Number(text);
}

/** Connections of somebody else that send nothing; how many of them are open is told by the result. */
function occupy(t: TestContext, port: number, count: number) {
  const sockets = new Set<Socket>();
  let asked = 0;
  for (; asked < count; asked += 1) {
    const socket = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.66' });
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  }
  const release = () => {
    for (const socket of sockets) socket.destroy();
  };
  t.after(release);
  return { open: () => sockets.size, release };
}

function keptAgent(t: TestContext): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  return agent;
}

describe('descriptors', () => {
  it('are kept back for lookups, however many connections come', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, [], {}, filesLimitedTo(160));
    assert.match(daemon.stderr(), /leaves room for fewer connections.*"connections":96/);
    const agent = keptAgent(t);
    const token = (await daemon.login('alice', 'secret', { agent })).body.trim();
    const others = occupy(t, daemon.port, 150);
    await until(() => others.open() === 95);
    // Other files, so that the lookup has to open them.
    scene.users([ALICE]);
    const { status, review } = await daemon.review(token, { agent });
    assert.equal(status, 200);
    assert.equal(review.status.authenticated, true);
    others.release();
    await until(() =>
      daemon.ask('/heartbeat').then(
        (answer) => answer.status === 200,
        () => false,
      ),
    );
  });

  it('that are too few end the start with one line', async (t) => {
    const scene = await setScene(t);
    const { code, stderr } = await run(['serve', ...scene.flags], scene.env, filesLimitedTo(100));
    assert.equal(code, 2);
    assert.match(stderr, /the limit on open files is 100, and 128 are needed; raise it/);
  });

  it('that a PAM module uses up cost its login and the worker, and nobody is refused', async (t) => {
    const scene = await setScene(t, { passwd: [ALICE, 'leak:x:20050:20001::/:/bin/sh'] });
    scene.service([`auth optional ${compile('pam_trouble', scene.dir, ['-lpam'])}`, ...MATRIX_SERVICE]);
    const daemon = await startDaemon(t, scene, [], {}, filesLimitedTo(256));
    assert.equal((await daemon.login('leak', 'x')).status, 503);
    assert.equal(auditLines(scene).at(-1)?.['error'], 'ERR_LOGIN_WORKER_DIED');
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
  });
});

describe('a supervisor that can start no process', () => {
  /** Kills worker and front while neither can be replaced. */
  async function exhaust(t: TestContext, resource: 'nofile' | 'nproc', code: string): Promise<void> {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, ['-pam-timeout', '3s']);
    let token = '';
    // The first worker may take longer to start.
    await until(async () => {
      const { status, body } = await daemon.login('alice', 'secret');
      token = body.trim();
      return status === 200;
    });
    const before = softLimit(daemon.pid, resource);
    limit(daemon.pid, resource, 1);
    await killed(daemon, 'worker', `a PAM worker died","_pid":0,"how":"spawn .*${code}`);
    assert.equal((await daemon.login('alice', 'secret')).status, 503);
    assert.equal((await daemon.review(token)).review.status.authenticated, true);
    await killed(daemon, 'front', `the front died","how":"spawn .*${code}`);
    limit(daemon.pid, resource, before);
    // Meanwhile connections wait in the queue of the listening socket.
    assert.equal((await daemon.ask('/heartbeat')).status, 200);
    await until(async () => (await daemon.login('alice', 'secret')).status === 200);
    assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
  }

  async function killed(daemon: Daemon, name: 'front' | 'worker', message: string): Promise<void> {
    for (const pid of daemon.children(name)) process.kill(pid, 'SIGKILL');
    const pattern = new RegExp(message);
    await until(() => pattern.test(daemon.stderr()));
  }

  it('for want of descriptors lives on, and recovers', (t) => exhaust(t, 'nofile', 'EMFILE'));

  it('for want of processes lives on, and recovers', { skip: needsUser }, (t) => exhaust(t, 'nproc', 'EAGAIN'));
});
