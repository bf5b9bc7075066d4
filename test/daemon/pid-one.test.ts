import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { compile } from './compile.js';
import {
  ALICE,
  childrenOf,
  isAlive,
  isRoot,
  MAIN,
  MATRIX_SERVICE,
  setScene,
  startDaemon,
  titleOf,
  until,
} from './daemon-harness.js';

const user = isRoot ? [] : ['--user', '--map-current-user'];
const UNSHARE = ['unshare', ...user, '--pid', '--fork', '--kill-child', '--mount-proc'];
const [unshare = '', ...args] = UNSHARE;
const needsNamespaces = spawnSync(unshare, [...args, 'true']).status === 0 ? false : 'needs namespaces of its own';
const needsRoot = isRoot ? false : 'needs root';

/** A daemon that is pid 1, as in a container, and the pid it has outside. */
async function startAsPidOne(t: TestContext, flags: readonly string[] = []) {
  const passwd = [ALICE, ...['helper', 'orphan'].map((name, at) => `${name}:x:${20050 + at}:20001::/:/bin/sh`)];
  const scene = await setScene(t, { passwords: { alice: 'secret', orphan: 'secret' }, passwd });
  scene.service([`auth optional ${compile('pam_trouble', scene.dir, ['-lpam'])}`, ...MATRIX_SERVICE]);
  const daemon = await startDaemon(t, scene, flags, {}, { by: UNSHARE });
  const [supervisor = 0] = childrenOf(daemon.pid);
  assert.match(readFileSync(`/proc/${supervisor}/status`, 'utf8'), /^NSpid:\t\d+\t1$/m);
  /** Of all below it, dead ones that wait for their parent too. */
  const helpers = () => descendantsOf(supervisor).filter((pid) => !/^pamhook: /.test(titleOf(pid)));
  return { daemon, supervisor, helpers };
}

function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

describe('the supervisor as pid 1', { skip: needsNamespaces }, () => {
  it('ends and reaps what a hanging module has left in a session of its own', async (t) => {
    const { daemon, helpers } = await startAsPidOne(t, ['-pam-timeout', '2s']);
    const passes = async () => (await daemon.login('alice', 'secret')).status === 200;
    // The first worker may take longer to start than a login may wait.
    await until(passes);
    const login = daemon.login('helper', 'x');
    await until(() => helpers().some((pid) => titleOf(pid).startsWith('sleep')));
    assert.equal((await login).status, 503);
    await until(() => helpers().length === 0);
    await until(passes);
  });

  it('reaps an orphan that ends while its worker lives, and stops by SIGTERM', async (t) => {
    const { daemon, supervisor, helpers } = await startAsPidOne(t);
    assert.equal((await daemon.login('orphan', 'secret')).status, 200);
    await until(() => childrenOf(supervisor).some((pid) => titleOf(pid).startsWith('sleep')));
    const workers = () => childrenOf(supervisor).filter((pid) => titleOf(pid) === 'pamhook: worker');
    const before = workers();
    for (const pid of helpers()) process.kill(pid, 'SIGKILL');
    await until(() => helpers().length === 0);
    assert.deepEqual(workers(), before);
    process.kill(supervisor, 'SIGTERM');
    assert.deepEqual(await daemon.exited, { code: 0, signal: null });
  });

  it('ends by SIGTERM while it still starts, held up by the user database', { skip: needsRoot }, async (t) => {
    const scene = await setScene(t);
    const fault = join(scene.dir, 'fault');
    writeFileSync(fault, 'h');
    const preload = `${compile('failing-nss', scene.dir, ['-ldl'])}:${scene.env['LD_PRELOAD']}`;
    const child = spawn(unshare, [...args, process.execPath, MAIN, 'serve', ...scene.flags], {
      env: { ...scene.env, LD_PRELOAD: preload, NSS_WRAPPER_FAULT: fault },
      stdio: 'ignore',
    });
    t.after(() => child.kill('SIGKILL'));
    await until(() => childrenOf(child.pid ?? 0).length === 1);
    const [supervisor = 0] = childrenOf(child.pid ?? 0);
    // A signal that comes before it has a handler is lost on pid 1.
    await until(() => {
      if (child.exitCode === null && isAlive(supervisor)) process.kill(supervisor, 'SIGTERM');
      return child.exitCode !== null;
    });
    assert.equal(child.exitCode, 0);
  });
});
