/** /livez and /readyz of a real daemon: well, with PAM or the user database gone, and while it stops. */
import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createDirectory } from '../harness/nss-directory.js';
import { compile } from './compile.js';
import { childrenOf, type Daemon, MATRIX_SERVICE, type Scene, setScene, startDaemon, until } from './daemon-harness.js';

const CHECKS = ['keys', 'certificate', 'pam-worker', 'nss', 'shutdown'];

function report(...failed: readonly string[]): string {
  const lines = CHECKS.map((name) => (failed.includes(name) ? `[-]${name} failed: reason withheld` : `[+]${name} ok`));
  return [...lines, `readyz check ${failed.length === 0 ? 'passed' : 'failed'}`, ''].join('\n');
}

/** Until the readiness is so. */
async function untilReady(daemon: Daemon, ...failed: readonly string[]): Promise<void> {
  await until(async () => {
    const { status, body } = await daemon.ask('/readyz?verbose');
    assert.equal(status, body.includes('[-]') ? 503 : 200);
    return body === report(...failed);
  });
}

async function assertAlive(daemon: Daemon): Promise<void> {
  const { status, body } = await daemon.ask('/livez?verbose');
  assert.deepEqual([status, body], [200, '[+]ping ok\nlivez check passed\n']);
}

/** A daemon on the machine's own nsswitch, with a directory that is asked first. */
async function startWithDirectory(t: TestContext) {
  const directory = createDirectory(t, ['passwd: directory files', 'group: directory files']);
  const wrapped = await setScene(t);
  const scene: Scene = { ...wrapped, env: { PATH: process.env['PATH'], ...directory.env } };
  return { directory, daemon: await startDaemon(t, scene, ['-identity-timeout', '1s']) };
}

describe('the health of a daemon', { concurrency: true }, () => {
  it('is good when all is well, and a flood of questions makes no lookup each', async (t) => {
    const { directory, daemon } = await startWithDirectory(t);
    await untilReady(daemon);
    const before = directory.asked().length;
    const began = performance.now();
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    t.after(() => agent.destroy());
    await Promise.all(Array.from({ length: 400 }, () => daemon.ask('/readyz', { agent })));
    // One in two seconds; a lookup asks the directory once.
    const most = 1 + Math.ceil((performance.now() - began) / 2_000);
    assert.ok(directory.asked().length - before <= most, `${directory.asked().length - before} of ${most}`);
    await assertAlive(daemon);
  });

  it('is bad while the user database hangs, and good again after', async (t) => {
    const { directory, daemon } = await startWithDirectory(t);
    await untilReady(daemon);
    directory.is('hangs');
    await untilReady(daemon, 'nss');
    await assertAlive(daemon);
    directory.is('well');
    await untilReady(daemon);
    await daemon.logged('"message":"not ready","failed":["nss"]');
  });

  it('is bad while each login hangs in PAM, and good again after', async (t) => {
    const scene = await setScene(t, { passwd: ['hang:x:20050:20001::/:/bin/sh'] });
    const trouble = compile('pam_trouble', scene.dir, ['-lpam']);
    scene.service([`auth optional ${trouble} ${join(scene.dir, 'hangs')}`, ...MATRIX_SERVICE]);
    const daemon = await startDaemon(t, scene, ['-pam-workers', '1', '-pam-timeout', '2s']);
    await untilReady(daemon);
    const logins = new AbortController();
    const hanging = Array.from({ length: 3 }, async () => {
      while (!logins.signal.aborted) await daemon.login('hang', 'x', { signal: logins.signal }).catch(() => {});
    });
    await untilReady(daemon, 'pam-worker');
    await assertAlive(daemon);
    logins.abort();
    await Promise.all(hanging);
    await untilReady(daemon);
  });

  it('is bad as soon as the daemon stops, while a login is still answered', async (t) => {
    const scene = await setScene(t, {
      service: [...MATRIX_SERVICE, 'account optional pam_exec.so quiet /bin/sleep 2'],
    });
    const daemon = await startDaemon(t, scene);
    await untilReady(daemon);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const login = daemon.login('alice', 'secret');
    await until(() => daemon.children('worker').some((pid) => childrenOf(pid).length > 0));
    assert.equal((await daemon.ask('/readyz', { agent })).status, 200);
    const ended = daemon.stop();
    await until(async () => {
      const { status, body } = await daemon.ask('/readyz', { agent });
      return status === 503 && body === report('shutdown');
    });
    assert.equal((await login).status, 200);
    assert.equal((await ended).code, 0);
  });
});
