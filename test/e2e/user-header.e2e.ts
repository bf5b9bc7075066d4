/** A person behind a proxy, with nothing but the kubeconfig that /kubecfg gives, at a real kube-apiserver. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { MAIN, startDaemon } from '../daemon/daemon-harness.js';
import { enterThrowAwayRoot } from '../harness/throw-away-root.js';
import { install, setMachine, sh } from '../pam.d-examples/machine.js';
import { assets, startCluster } from './cluster.js';

const { kubectl } = assets();
enterThrowAwayRoot(import.meta.url);

/** The kubeconfig for the API server names this port. */
const PORT = '8443';
const PROXY = '127.0.0.7';

it('kubectl works with the kubeconfig of somebody whom a proxy named, in the groups that it named', {
  timeout: 300_000,
}, async (t) => {
  install('debian', '/etc/pam.d/pamhook');
  const scene = await setMachine(t);
  sh(`node ${MAIN} init --dir ${scene.dir}/tls --hostname localhost,127.0.0.1 --port ${PORT} --force`);
  const cluster = await startCluster(t, join(scene.dir, 'cluster'), [
    `--authentication-token-webhook-config-file=${join(scene.dir, 'tls', 'webhook.kubeconfig')}`,
    '--authentication-token-webhook-version=v1',
    '--authentication-token-webhook-cache-ttl=1s',
  ]);
  const ca = readFileSync(cluster.ca).toString('base64');
  const server = { server: 'https://127.0.0.1:6443', 'certificate-authority-data': ca };
  const template = join(scene.dir, 'template.yaml');
  writeFileSync(template, stringify({ clusters: [{ name: 'e2e', cluster: server }] }));
  const daemon = await startDaemon(t, scene, [
    ...['-bind-port', PORT, '-kubecfg-template', template, '-max-lifetime', '24h'],
    ...['-user-header', 'X-Forwarded-User', '-group-header', 'X-Forwarded-Groups', '-trusted-proxies', PROXY],
  ]);
  const file = join(scene.dir, 'kubeconfig');
  const headers = { 'x-forwarded-user': 'carol', 'x-forwarded-groups': 'ops;system:masters;' };
  const { status, body } = await daemon.ask('/kubecfg?lifetime=24h', { from: PROXY, headers });
  assert.equal(status, 200, body);
  writeFileSync(file, body, { mode: 0o600 });
  const env = { PATH: process.env['PATH'], HOME: scene.dir, KUBECONFIG: file };
  const getNamespaces = () => promisify(execFile)(kubectl, ['get', 'namespaces', '-o', 'name'], { env });
  await assert.rejects(getNamespaces(), /User "carol" cannot list resource "namespaces"/);
  await cluster.letListNamespaces('ops');
  assert.match((await getNamespaces()).stdout, /^namespace\/default$/m);
  const user = cluster.audited('carol').at(-1)?.user;
  assert.deepEqual(user?.groups, ['ops', 'system:authenticated']);
  assert.deepEqual(user?.extra?.['pamhook/origin'], ['header']);
});
