/** What `login` and its like find in a kubeconfig, so that a person need not say it again. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readContext } from '#src/kubectl/current-context.js';
import { scratchDirectory } from '../harness/scratch.js';

const EXTENSION = { server: 'https://pamhook', lifetime: '5m' };
const exec = (command: string, ...args: string[]) => ({
  exec: { command, args, env: [{ name: 'PAMHOOK_CACHE', value: 'none' }] },
});

function kubeconfig(
  user: object = exec('/usr/bin/pamhook', 'credential', '--username', 'alice'),
  more: object = {},
): string {
  const extensions = [
    { name: 'other', extension: {} },
    { name: 'client.authentication.k8s.io/exec', extension: EXTENSION },
  ];
  return JSON.stringify({
    'current-context': 'one',
    contexts: [{ name: 'one', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: 'https://api', 'proxy-url': 'http://proxy', extensions } }],
    users: [{ name: 'u', user }],
    ...more,
  });
}

function write(t: TestContext, ...texts: readonly string[]): string[] {
  const dir = scratchDirectory(t);
  return texts.map((text, at) => {
    writeFileSync(join(dir, `${at}`), text);
    return join(dir, `${at}`);
  });
}

const nothing = { kubeconfig: undefined, context: undefined };

describe('readContext()', () => {
  const found = {
    inExecBlock: { username: 'alice' },
    variables: { PAMHOOK_CACHE: 'none' },
    extension: EXTENSION,
    clusterProxyUrl: 'http://proxy',
  };
  const read = async (...asked: Parameters<typeof readContext>) => {
    const context = await readContext(...asked);
    return context && { ...context, inExecBlock: { ...context.inExecBlock } };
  };

  it('finds the flags and variables of the user and the extension of the cluster', async (t) => {
    const [path = ''] = write(t, kubeconfig());
    assert.deepEqual(await read({ KUBECONFIG: path }, nothing), found);
    assert.deepEqual(await read({ KUBECONFIG: `/nonexistent:${path}` }, nothing), found);
    assert.deepEqual(await read({}, { ...nothing, kubeconfig: path }), found);
    const home = scratchDirectory(t);
    mkdirSync(join(home, '.kube'));
    writeFileSync(join(home, '.kube', 'config'), kubeconfig());
    assert.deepEqual(await read({ HOME: home }, nothing), found);
  });

  it('finds what docs/kubectl.md says, and none of the API server', async (t) => {
    const page = readFileSync(new URL('../../../docs/kubectl.md', import.meta.url), 'utf8');
    const [, yaml = ''] = /^```yaml\n([\s\S]*?)^```$/m.exec(page) ?? [];
    const [path = ''] = write(t, yaml);
    assert.deepEqual(await read({ KUBECONFIG: path }, nothing), {
      inExecBlock: {},
      variables: {},
      extension: { server: 'https://pamhook.example.org:6443', 'certificate-authority-data': 'LS0t...' },
      clusterProxyUrl: undefined,
    });
  });

  it('merges files as kubectl does: the first that names something counts', async (t) => {
    const second = kubeconfig(exec('pamhook', 'credential'), { 'current-context': 'two' });
    const paths = write(t, kubeconfig(undefined, { clusters: [] }), second);
    assert.deepEqual(await read({ KUBECONFIG: paths.join(':') }, nothing), found);
  });

  it('takes the context that is asked for, and says so where there is none', async (t) => {
    const [path = ''] = write(t, kubeconfig(undefined, { 'current-context': '' }));
    assert.equal(await read({ KUBECONFIG: path }, nothing), undefined);
    assert.deepEqual(await read({ KUBECONFIG: path }, { ...nothing, context: 'one' }), found);
    await assert.rejects(read({ KUBECONFIG: path }, { ...nothing, context: 'x' }), /no kubeconfig has a context x/);
    await assert.rejects(read({}, { ...nothing, kubeconfig: '/nonexistent' }), /cannot be read \(ENOENT\)/);
  });

  it('finds nothing where the user runs something else, or is not there', async (t) => {
    for (const user of [exec('other', 'credential'), exec('pamhook', 'token'), { token: 'x' }, {}]) {
      const [path = ''] = write(t, kubeconfig(user));
      assert.equal(await read({ KUBECONFIG: path }, nothing), undefined);
    }
    const [path = ''] = write(t, kubeconfig(undefined, { users: [] }));
    assert.equal(await read({ KUBECONFIG: path }, nothing), undefined);
    assert.deepEqual(
      await read({ KUBECONFIG: write(t, kubeconfig(exec('kubectl-pamhook', 'credential')))[0] }, nothing),
      {
        ...found,
        inExecBlock: {},
      },
    );
  });

  it('survives what is no kubeconfig', async (t) => {
    for (const text of ['', '[]', 'null', '{"current-context": 1}', '{"current-context":"a","contexts":{"a":1}}']) {
      const [path = ''] = write(t, text);
      assert.equal(await read({ KUBECONFIG: path }, nothing), undefined, text);
    }
    const [broken = ''] = write(t, '{ a: [');
    await assert.rejects(read({ KUBECONFIG: broken }, nothing), /is no YAML/);
  });
});
