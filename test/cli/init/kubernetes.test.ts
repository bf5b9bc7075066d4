/** What `pamhook init --kubernetes` prints is YAML of the form that each way of running an API server wants; and the client certificate. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { webhookFindings } from '#src/cli/check/webhook.js';
import { runCommand } from '#src/cli/command.js';
import { runInit } from '#src/cli/init.js';
import { setScene, startDaemon } from '../../daemon/daemon-harness.js';
import { scratchDirectory } from '../../harness/scratch.js';

async function init(dir: string, ...argv: string[]) {
  let [stdout, stderr] = ['', ''];
  const io = {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
  };
  const code = await runCommand('init', runInit, ['--dir', dir, '--hostname', 'localhost', ...argv], io);
  return { code, stdout, stderr };
}

async function printed(t: TestContext, ...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await init(join(scratchDirectory(t), "it's"), ...argv);
  assert.equal(`${code} ${stderr}`, '0 ');
  return stdout;
}

/** The indented blocks that are no commands. */
function yamlIn(text: string): unknown[] {
  const blocks = [...text.matchAll(/(?:^ {2}.*\n)+/gm)].map(([block]) => block);
  return blocks.filter((block) => /^ {2}[\w-]+:(?: |$)/m.test(block)).map((block) => parse(block));
}

const FILE = '/etc/kubernetes/pamhook/webhook.kubeconfig';
const flags = (file: string) => ({
  'authentication-token-webhook-config-file': file,
  'authentication-token-webhook-version': 'v1',
  'authentication-token-webhook-cache-ttl': '2m',
});
const joined = (file: string) => Object.entries(flags(file)).map(([name, value]) => `${name}=${value}`);

test('init --kubernetes kubeadm prints a ClusterConfiguration of both versions', async (t) => {
  const text = await printed(t, '--kubernetes', 'kubeadm');
  const extraVolumes = [
    {
      name: 'pamhook',
      hostPath: '/etc/kubernetes/pamhook',
      mountPath: '/etc/kubernetes/pamhook',
      readOnly: true,
      pathType: 'Directory',
    },
  ];
  const kind = 'ClusterConfiguration';
  const listed = Object.entries(flags(FILE)).map(([name, value]) => ({ name, value }));
  assert.deepEqual(yamlIn(text), [
    { apiVersion: 'kubeadm.k8s.io/v1beta4', kind, apiServer: { extraArgs: listed, extraVolumes } },
    { apiVersion: 'kubeadm.k8s.io/v1beta3', kind, apiServer: { extraArgs: flags(FILE), extraVolumes } },
  ]);
  assert.match(text, /^ {2}install -D -m 600 webhook\.kubeconfig \/etc\/kubernetes\/pamhook\/webhook\.kubeconfig$/m);
  assert.match(text, /^ {2}pamhook check --webhook-config \/etc\/kubernetes\/pamhook\/webhook\.kubeconfig$/m);
});

test('init --kubernetes k3s prints what config.yaml gets', async (t) => {
  const file = '/etc/rancher/k3s/pamhook/webhook.kubeconfig';
  assert.deepEqual(yamlIn(await printed(t, '--kubernetes', 'k3s')), [{ 'kube-apiserver-arg': joined(file) }]);
});

test('init --kubernetes static prints what the manifest gets', async (t) => {
  const command = ['kube-apiserver', ...joined(FILE).map((flag) => `--${flag}`)];
  const mountPath = '/etc/kubernetes/pamhook';
  assert.deepEqual(yamlIn(await printed(t, '--kubernetes', 'static')), [
    {
      spec: {
        containers: [
          { name: 'kube-apiserver', command, volumeMounts: [{ name: 'pamhook', mountPath, readOnly: true }] },
        ],
        volumes: [{ name: 'pamhook', hostPath: { path: mountPath, type: 'Directory' } }],
      },
    },
  ]);
});

test('init refuses another kind, and writes nothing', async (t) => {
  const dir = join(scratchDirectory(t), 'keys');
  const { code, stderr } = await init(dir, '--kubernetes', 'kops');
  assert.equal(code, 2);
  assert.match(stderr, /--kubernetes must be one of kubeadm, k3s, static, not "kops"/);
  assert.throws(() => statSync(dir), { code: 'ENOENT' });
});

describe('init --client-cert', () => {
  it('makes a CA of clients whose key is not kept, and keeps the kubeconfig for its owner', async (t) => {
    const dir = join(scratchDirectory(t), 'keys');
    const { stdout } = await init(dir, '--client-cert', '--kubernetes', 'static');
    assert.match(stdout, /client-ca\.crt, webhook\.kubeconfig.*The CAs' keys were not kept/);
    assert.match(stdout, /-client-ca-file \S+\/client-ca\.crt -client-ca-subject kube-apiserver$/m);
    assert.match(stdout, /webhook\.kubeconfig \(it has a secret key in it\) to/);
    assert.equal(statSync(join(dir, 'webhook.kubeconfig')).mode & 0o777, 0o600);
    const { users } = parse(readFileSync(join(dir, 'webhook.kubeconfig'), 'utf8'));
    const { 'client-certificate-data': data, 'client-key-data': key } = users[0].user;
    assert.ok(!stdout.includes(key), 'a key is not printed');
    const cert = Buffer.from(data, 'base64');
    writeFileSync(join(dir, 'client.crt'), cert);
    const verify = ['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', join(dir, 'client-ca.crt')];
    await promisify(execFile)('openssl', [...verify, join(dir, 'client.crt')]);
    assert.equal(new X509Certificate(cert).subject, 'CN=kube-apiserver');
    const server = join(dir, 'server.crt');
    await assert.rejects(promisify(execFile)('openssl', [...verify, server]), 'the server is none of its clients');
  });

  it('lets in whoever has the kubeconfig, and nobody else', async (t) => {
    const scene = await setScene(t);
    const dir = join(scene.dir, 'tls');
    assert.equal((await init(dir, '--client-cert', '--force')).code, 0);
    const callers = ['-client-ca-file', join(dir, 'client-ca.crt'), '-client-ca-subject', 'kube-apiserver'];
    const daemon = await startDaemon(t, scene, callers);
    const file = join(dir, 'webhook.kubeconfig');
    const config = parse(readFileSync(file, 'utf8'));
    const levels = async () => {
      config.clusters[0].cluster.server = `https://localhost:${daemon.port}/authenticate`;
      writeFileSync(file, stringify(config));
      const question = { file, version: 'v1', audiences: [], token: false } as const;
      const findings = await webhookFindings(question, {}, Date.now());
      return findings.map(({ level, says }) => `${level} ${says.slice(0, 3)}`);
    };
    assert.deepEqual(
      (await levels()).map((text) => text.split(' ')[0]),
      ['ok', 'ok'],
    );
    config.users[0].user = {};
    assert.equal((await levels())[1], 'fault 401');
  });
});
