/** docs/kubeconfig.md holds what `pamhook kubeconfig` really prints and writes: its examples are run. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCertificate } from '../harness/certificate.js';
import { scratchDirectory } from '../harness/scratch.js';
import { kubeconfig } from '../kubectl/kubeconfig/called.js';

const PAGE = readFileSync(new URL('../../../docs/kubeconfig.md', import.meta.url), 'utf8');
const [before = '', after = ''] = [...PAGE.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text]) => text ?? '');
const examples = [...PAGE.matchAll(/^```console\n\$ pamhook kubeconfig (.*)\n([\s\S]*?)^```$/gm)];
const LAB = '- name: lab\n  cluster: {server: "https://lab.example.org:6443"}\n';

test('the examples of docs/kubeconfig.md write and print what it says', async (t) => {
  const HOME = scratchDirectory(t);
  const path = join(HOME, '.kube', 'config');
  mkdirSync(join(HOME, '.kube'));
  writeFileSync(join(HOME, 'other.crt'), (await createCertificate('localhost')).cert);
  assert.equal(examples.length, 3);
  for (const [at, [, line = '', printed]] of examples.entries()) {
    writeFileSync(path, at === 0 ? before : after.replace('users:\n', `${LAB}users:\n`));
    const argv = line.replace('/etc/', `${HOME}/`).split(' ');
    const { code, stdout, stderr } = await kubeconfig({ HOME }, '--command', 'pamhook', ...argv);
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(stdout.replaceAll(HOME, '/home/alice'), printed);
    if (at === 0) assert.equal(readFileSync(path, 'utf8'), after);
  }
});
