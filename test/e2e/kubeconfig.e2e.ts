/** One user that `pamhook kubeconfig` wrote, two real API servers, each with a pamhook of its own: kubectl logs in at the right one. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { type Ended, MAIN, startDaemon, until } from '../daemon/daemon-harness.js';
import { enterThrowAwayRoot } from '../harness/throw-away-root.js';
import { withoutTerminal } from '../kubectl/scene.js';
import { atTerminal } from '../kubectl/terminal.js';
import { addUser, install, PASSWORD, setMachine, sh } from '../pam.d-examples/machine.js';
import { assets, startCluster } from './cluster.js';

const { kubectl } = assets();
enterThrowAwayRoot(import.meta.url);

const SITES = [
  { name: 'dev', port: '8443', ports: { api: 6443, etcd: 2379 } },
  { name: 'prod', port: '8444', ports: { api: 6444, etcd: 2479 } },
] as const;
const GET = [kubectl, 'get', 'namespaces', '--context'];

it('one user of a kubeconfig serves clusters of two pamhooks', { timeout: 600_000 }, async (t) => {
  const cleanups: (() => void | Promise<void>)[] = [];
  t.after(async () => {
    for (const cleanup of cleanups) await cleanup();
  });
  const ending = { after: (cleanup: () => void | Promise<void>) => void cleanups.unshift(cleanup) };
  install('debian', '/etc/pam.d/pamhook');
  addUser('alice', ['developers']);
  const scene = await setMachine(ending);
  const home = join(scene.dir, 'home');
  mkdirSync(home);
  symlinkSync(MAIN, '/usr/local/bin/pamhook');
  const env = { PATH: `/usr/local/bin:${process.env['PATH']}`, HOME: home };
  const run = (...command: readonly string[]): Promise<Ended> => withoutTerminal(t, command, env);

  for (const { name, port, ports } of SITES) {
    const tls = join(scene.dir, name);
    sh(`node ${MAIN} init --dir ${tls} --hostname localhost --port ${port}`);
    const own = ['-cert-file', 'server.crt', '-key-file', 'server.key', '-signing-key-file', 'signing-key.pem'];
    const flags = own.map((flag) => (flag.startsWith('-') ? flag : join(tls, flag)));
    await startDaemon(ending, scene, ['-bind-port', port, ...flags]);
    const webhook = `--authentication-token-webhook-config-file=${join(tls, 'webhook.kubeconfig')}`;
    const version = '--authentication-token-webhook-version=v1';
    const cluster = await startCluster(ending, join(scene.dir, `${name}-cluster`), [webhook, version], ports);
    await cluster.letListNamespaces('developers');

    const api = `--server=https://127.0.0.1:${ports.api}`;
    await run(kubectl, 'config', 'set-cluster', name, api, `--certificate-authority=${cluster.ca}`);
    const ca = ['--certificate-authority', join(tls, 'ca.crt')];
    const flagsOfUser = ['--username', 'alice', '--cache', 'file', '--cluster', name];
    const written = await run('pamhook', 'kubeconfig', '--server', `https://localhost:${port}`, ...ca, ...flagsOfUser);
    assert.deepEqual([written.code, written.stderr], [0, '']);
  }

  const text = readFileSync(join(home, '.kube', 'config'), 'utf8');
  assert.equal(text.split('\n- name: pamhook\n').length, 2);
  for (const { name, port } of SITES) {
    const get = [...GET, `pamhook@${name}`];
    const asked = atTerminal(t, get, { env });
    await asked.sees(`Password of alice at localhost:${port}: `);
    asked.types(`${PASSWORD}\r`);
    await asked.ended;
    // RBAC takes a moment to know of a new binding.
    await until(async () => (await run(...get)).code === 0);
    assert.match((await run(...get)).stdout, /kube-system\s+Active/);
  }
  // Neither asks again, and neither took the token of the other.
  for (const { name } of SITES) assert.equal((await run(...GET, `pamhook@${name}`)).code, 0);
});
