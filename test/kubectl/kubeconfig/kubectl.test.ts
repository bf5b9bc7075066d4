/** kubectl, every version that is there, and `pamhook kubeconfig` with the same files: what one writes the other reads, and keeps. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { MAIN } from '../../daemon/daemon-harness.js';
import { scratchDirectory } from '../../harness/scratch.js';
import { kubeconfig, kubectls } from './called.js';

const run = promisify(execFile);
const all = kubectls();
const [kubectl = ''] = all;
const needsKubectl = { skip: all.length > 0 ? false : 'needs kubectl' };

const SERVER = 'https://pamhook.example.org:6443';
const BASIC = ['--command', 'pamhook', '--server', SERVER];
const NAME = 'dev "1": #ü, yes';

/** A kubeconfig that kubectl has made, with two clusters. */
function madeByKubectl(t: TestContext, program = kubectl) {
  const HOME = scratchDirectory(t);
  const path = join(HOME, 'config');
  const env = { PATH: process.env['PATH'], HOME, KUBECONFIG: path };
  const config = (...args: string[]) => execFileSync(program, ['config', ...args], { env, encoding: 'utf8' });
  config('set-cluster', NAME, '--server=https://a.example:6443');
  config('set-cluster', 'b', '--server=https://b.example:6443', '--proxy-url=http://proxy:3128');
  config('set-credentials', 'admin', '--token=t');
  config('set-context', 'admin', '--cluster=b', '--user=admin', '--namespace=web');
  return { HOME, path, env, config, view: (): unknown => JSON.parse(config('view', '--raw', '-o', 'json')) };
}

for (const program of needsKubectl.skip ? [] : all) {
  const version = /kubectl(\.[\d.]+)?$/.exec(program)?.[0] ?? program;
  it(`${version} reads what was written into a file of its own, and everything else as before`, async (t) => {
    const { env, path, config, view } = madeByKubectl(t, program);
    const before = view() as Record<string, never[]>;
    const { code, stderr } = await kubeconfig(env, ...BASIC, '--cluster', NAME, '--cluster', 'b', '--set-current');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(config('view'), /client\.authentication\.k8s\.io\/exec/);
    assert.equal(config('current-context').trim(), `pamhook@${NAME}`);
    const after = view() as typeof before;
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'pamhook',
      args: ['credential'],
      env: null,
      interactiveMode: 'IfAvailable',
      provideClusterInfo: true,
      installHint: 'pamhook is not on this machine: it comes with the npm package pamhook',
    };
    const extensions = [{ name: 'client.authentication.k8s.io/exec', extension: { server: SERVER } }];
    assert.deepEqual(after, {
      ...before,
      clusters: before['clusters']?.map((entry: { cluster: object }) => ({
        ...entry,
        cluster: { ...entry.cluster, extensions },
      })),
      users: [...(before['users'] ?? []), { name: 'pamhook', user: { exec } }],
      contexts: [
        ...(before['contexts'] ?? []),
        { name: 'pamhook@b', context: { cluster: 'b', user: 'pamhook' } },
        { name: `pamhook@${NAME}`, context: { cluster: NAME, user: 'pamhook' } },
      ],
      'current-context': `pamhook@${NAME}`,
    });

    config('set-context', 'more', '--cluster=b', '--user=pamhook');
    const { stdout } = await kubeconfig(env, ...BASIC, '--cluster', NAME, '--cluster', 'b', '--set-current');
    assert.match(stdout, /^nothing was to be changed\n/, readFileSync(path, 'utf8'));
  });
}

describe('at the same time', needsKubectl, () => {
  it('many pamhook kubeconfig lose nothing of each other, and kubectl reads one whole file after the other', async (t) => {
    const { HOME, env, path, view } = madeByKubectl(t);
    const users = Array.from({ length: 6 }, (_, at) => `user-${at}`);
    // A lock is not waited for without end: then the person tries again.
    const write = async (user: string): Promise<void> => {
      const call = [MAIN, 'kubeconfig', ...BASIC, '--cluster', 'b', '--user', user];
      await run(process.execPath, call, { env }).catch((error: Error & { stderr: string }) => {
        assert.match(error.stderr, /another kubectl or pamhook is at work/);
        return write(user);
      });
    };
    let isOver = false;
    const over = Promise.all(users.map(write)).then(() => {
      isOver = true;
    });
    let seen = 0;
    while (!isOver) {
      const { stdout } = await run(kubectl, ['config', 'view', '-o', 'json'], { env });
      const { users: there, contexts } = JSON.parse(stdout) as Record<'users' | 'contexts', unknown[]>;
      assert.deepEqual([there.length, there.length >= seen], [contexts.length, true]);
      seen = there.length;
    }
    await over;
    const { contexts } = view() as { contexts: { name: string }[] };
    assert.deepEqual(contexts.map(({ name }) => name).sort(), ['admin', ...users.map((user) => `${user}@b`)]);
    assert.deepEqual(readdirSync(HOME), [path.slice(HOME.length + 1)]);
  });

  it('a lock that is held is waited for, and kubectl is kept out meanwhile', async (t) => {
    const { env, path } = madeByKubectl(t);
    writeFileSync(`${path}.lock`, '');
    const { withLocks } = await import('#src/kubectl/kubeconfig/lock.js');
    const order: string[] = [];
    const waiting = withLocks([path], () => {
      order.push('inside');
      assert.throws(() => execFileSync(kubectl, ['config', 'set-context', 'x'], { env, stdio: 'pipe' }), /file exists/);
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    order.push('released');
    execFileSync('rm', [`${path}.lock`]);
    await waiting;
    assert.deepEqual(order, ['released', 'inside']);
  });
});
