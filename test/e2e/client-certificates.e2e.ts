/** A real kube-apiserver and its client certificate: who is let in, what happens else, and the listener of its own. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { parse, stringify } from 'yaml';
import { type Issued, issue } from '../cli/chains.js';
import { auditLines, type Daemon, MAIN, type Scene, startDaemon } from '../daemon/daemon-harness.js';
import { enterThrowAwayRoot } from '../harness/throw-away-root.js';
import { addUser, install, PASSWORD, setMachine, sh } from '../pam.d-examples/machine.js';
import { assets, type Cluster, startCluster } from './cluster.js';

assets();
enterThrowAwayRoot(import.meta.url);

/** The kubeconfig for the API server names this port. */
const PORT = '8443';
const CLIENT = ['1.3.6.1.5.5.7.3.2'];

async function setUp(t: TestContext): Promise<Scene> {
  sh('userdel -rf alice || true');
  install('debian', '/etc/pam.d/pamhook');
  addUser('alice');
  const scene = await setMachine(t);
  sh(`node ${MAIN} init --dir ${scene.dir}/tls --hostname localhost,127.0.0.1 --port ${PORT} --force`);
  return scene;
}

/** The API server's kubeconfig as `init` made it, with a certificate by files, where there is one. */
async function startApi(t: TestContext, { dir }: Scene, shown?: Issued): Promise<Cluster> {
  const path = join(dir, 'tls', 'webhook.kubeconfig');
  if (shown !== undefined) {
    writeFileSync(join(dir, 'tls', 'client.crt'), shown.cert);
    writeFileSync(join(dir, 'tls', 'client.key'), shown.key, { mode: 0o600 });
    const config = parse(readFileSync(path, 'utf8'));
    config.users[0].user = { 'client-certificate': 'client.crt', 'client-key': 'client.key' };
    writeFileSync(path, stringify(config));
  }
  return startCluster(t, join(dir, 'cluster'), [
    `--authentication-token-webhook-config-file=${path}`,
    '--authentication-token-webhook-version=v1',
    '--authentication-token-webhook-cache-ttl=1s',
  ]);
}

/** Of a token that the API server has not seen. */
async function statusOfNew(daemon: Daemon, cluster: Cluster): Promise<number> {
  const { status, body } = await daemon.login('alice', PASSWORD);
  assert.equal(status, 200, body);
  return cluster.status(body.trim());
}

describe('kube-apiserver and client-ca-file', () => {
  it('is let in with its certificate, and told from others by the CA and the subject', {
    timeout: 300_000,
  }, async (t) => {
    const scene = await setUp(t);
    const [root, other] = [await issue('root', undefined, { ca: true }), await issue('other', undefined, { ca: true })];
    const shown = await issue('kube-apiserver', root, { names: [], purposes: CLIENT });
    const file = (name: string, { cert }: Issued) => {
      writeFileSync(join(scene.dir, name), cert);
      return join(scene.dir, name);
    };
    const ca = file('root.crt', root);
    const cluster = await startApi(t, scene, shown);
    const served = async (flags: readonly string[], judge: (daemon: Daemon) => Promise<void>) => {
      const daemon = await startDaemon(t, scene, flags);
      await judge(daemon);
      await daemon.stop();
    };
    const asked = (daemon: Daemon) => statusOfNew(daemon, cluster);
    const shared = ['-bind-port', PORT, '-client-ca-file'];

    await served([...shared, ca, '-client-ca-subject', 'kube-apiserver'], async (daemon) => {
      assert.equal(await asked(daemon), 403, 'known, without rights');
      assert.doesNotMatch(daemon.stderr(), /was refused for its client certificate/);
    });
    await served([...shared, file('other.crt', other)], async (daemon) => {
      assert.equal(await asked(daemon), 401);
      await daemon.logged('"reason":"unknown issuer"');
    });
    await served([...shared, ca, '-client-ca-subject', 'somebody'], async (daemon) => {
      assert.equal(await asked(daemon), 401);
      await daemon.logged('"reason":"wrong subject"');
    });
    const own = ['-bind-port', '0', '-webhook-bind-address', `127.0.0.1:${PORT}`, '-client-ca-file', ca];
    await served(own, async (daemon) => {
      assert.equal(await asked(daemon), 403, 'on the listener of its own, at once after all this');
      assert.equal((await daemon.ask('/authenticate', { method: 'POST' })).status, 404);
    });
  });

  it('is refused without a certificate, once a request, and nothing of it is cached', {
    timeout: 300_000,
  }, async (t) => {
    const scene = await setUp(t);
    const root = await issue('root', undefined, { ca: true });
    writeFileSync(join(scene.dir, 'root.crt'), root.cert);
    const cluster = await startApi(t, scene);
    const strict = await startDaemon(t, scene, ['-bind-port', PORT, '-client-ca-file', join(scene.dir, 'root.crt')]);
    const { body } = await strict.login('alice', PASSWORD);
    assert.equal(await cluster.status(body.trim()), 401);
    await strict.logged('"reason":"no certificate"');
    await strict.stop();
    const counted = auditLines(scene).filter(({ event }) => event === 'review.unauthorized');
    assert.deepEqual(
      counted.map(({ reason, count }) => [reason, count]),
      [['no certificate', 1]],
    );
    await startDaemon(t, scene, ['-bind-port', PORT]);
    assert.equal(await cluster.status(body.trim()), 403, 'the same token, without a wait');
  });
});
