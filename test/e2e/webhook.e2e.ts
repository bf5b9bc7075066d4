/** A real kube-apiserver asks pamhook, as it ships, about accounts of a real machine. */
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import jwt from 'jsonwebtoken';
import { type Daemon, MAIN, type Scene, setScene, startDaemon, until } from '../daemon/daemon-harness.js';
import { createDirectory } from '../harness/nss-directory.js';
import { enterThrowAwayRoot } from '../harness/throw-away-root.js';
import { addUser, install, PASSWORD, setMachine, sh } from '../pam.d-examples/machine.js';
import { assets, startCluster } from './cluster.js';

assets();
enterThrowAwayRoot(import.meta.url);

/** Its kubeconfig for the API server names this port. */
const PORT = '8443';

async function setUp(t: TestContext): Promise<Scene> {
  sh('for user in alice mallory; do userdel -rf "$user" || true; done; groupdel developers || true');
  install('debian', '/etc/pam.d/pamhook');
  addUser('alice', ['developers']);
  const scene = await setMachine(t);
  initialise(scene);
  return scene;
}

/** With a kubeconfig for the API server. */
function initialise({ dir }: Scene): void {
  sh(`node ${MAIN} init --dir ${dir}/tls --hostname localhost,127.0.0.1 --port ${PORT} --force`);
}

function serve(t: TestContext, scene: Scene, flags: readonly string[] = []): Promise<Daemon> {
  return startDaemon(t, scene, ['-bind-port', PORT, '-identity-cache-ttl', '1s', ...flags]);
}

function webhookFlags({ dir }: Scene, version: string): string[] {
  return [
    `--authentication-token-webhook-config-file=${join(dir, 'tls', 'webhook.kubeconfig')}`,
    `--authentication-token-webhook-version=${version}`,
    '--authentication-token-webhook-cache-ttl=1s',
  ];
}

async function tokenOf(daemon: Daemon, user = 'alice', query = ''): Promise<string> {
  const { status, body } = await daemon.login(user, PASSWORD, { query });
  assert.equal(status, 200, body);
  return body.trim();
}

const UNAUTHORIZED = /You must be logged in to the server/;

for (const version of ['v1', 'v1beta1']) {
  describe(`kube-apiserver with a webhook ${version}`, () => {
    it('lets a user do what a Unix group of hers may, while she is in it', { timeout: 300_000 }, async (t) => {
      const scene = await setUp(t);
      const daemon = await serve(t, scene);
      const cluster = await startCluster(t, join(scene.dir, 'cluster'), webhookFlags(scene, version));
      const token = await tokenOf(daemon);
      const list = () => cluster.kubectl(['get', 'ns'], { token });

      const without = await list();
      assert.match(
        without.stderr,
        /Forbidden\): namespaces is forbidden: User "alice" cannot list resource "namespaces"/,
      );
      await cluster.letListNamespaces('developers');
      await until(async () => (await list()).code === 0);
      assert.match((await list()).stdout, /^kube-system\s+Active/m);

      const { uid, groups, extra } = cluster.audited('alice').at(-1)?.user ?? {};
      assert.equal(uid, sh('id -u alice').trim());
      assert.deepEqual(groups, ['alice', 'developers', 'system:authenticated']);
      const { jti } = jwt.decode(token) as { jti: string };
      assert.deepEqual(extra?.['authentication.kubernetes.io/credential-id'], [`JTI=${jti}`]);

      sh('gpasswd -d alice developers');
      await until(async () => /Forbidden/.test((await list()).stderr));
      sh('gpasswd -a alice developers');
      await until(async () => (await list()).code === 0);
    });

    it('takes no token but a good one', { timeout: 300_000 }, async (t) => {
      const scene = await setUp(t);
      const daemon = await serve(t, scene);
      const cluster = await startCluster(t, join(scene.dir, 'cluster'), webhookFlags(scene, version));
      const good = await tokenOf(daemon);
      assert.equal(await cluster.status(good), 403, 'known, without rights');

      const brief = await tokenOf(daemon, 'alice', '?lifetime=1s');
      await until(async () => (await cluster.status(brief)) === 401);
      const [header, payload, signature = ''] = good.split('.');
      const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
      assert.equal(await cluster.status(`${header}.${payload}.${flipped}`), 401, 'forged');
      assert.equal(await cluster.status(foreign(good)), 401, 'signed by another key');
      assert.equal(await cluster.status('x'.repeat(64 * 1024)), 401, 'garbage');

      addUser('mallory');
      const before = await tokenOf(daemon, 'mallory');
      assert.equal(await cluster.status(before), 403);
      sh('userdel -rf mallory; useradd -m -u 54000 mallory');
      await until(async () => (await cluster.status(before)) === 401);
      const { stderr } = await cluster.kubectl(['get', 'ns'], { token: before });
      assert.match(stderr, UNAUTHORIZED);
      assert.equal(await cluster.status(await tokenOf(daemon)), 403, 'all others as before');
    });
  });
}

/** The same claims and header, by a key that pamhook does not know. */
function foreign(token: string): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const decoded = jwt.decode(token, { complete: true });
  if (decoded === null) throw new Error('no token');
  return jwt.sign(decoded.payload, createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })), {
    algorithm: 'ES256',
    header: decoded.header as jwt.JwtHeader,
  });
}

describe('kube-apiserver with audiences', () => {
  it('takes a token for one of its own, and no other', { timeout: 300_000 }, async (t) => {
    const scene = await setUp(t);
    const daemon = await serve(t, scene, ['-audience', 'cluster-a,cluster-b']);
    const flags = [...webhookFlags(scene, 'v1'), '--api-audiences=cluster-a,elsewhere'];
    const cluster = await startCluster(t, join(scene.dir, 'cluster'), flags);
    assert.equal(await cluster.status(await tokenOf(daemon)), 403, 'for both');
    const a = await tokenOf(daemon, 'alice', '?audience=cluster-a');
    const b = await tokenOf(daemon, 'alice', '?audience=cluster-b');
    assert.equal(await cluster.status(a), 403);
    assert.equal(await cluster.status(b), 401);

    const asked = async (token: string, audiences: readonly string[]) => {
      const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } };
      const input = JSON.stringify(review);
      const { stdout, stderr } = await cluster.kubectl(['create', '-o', 'json', '-f', '-'], { input });
      assert.notEqual(stdout, '', stderr);
      const { authenticated = false, audiences: shared = [] } = JSON.parse(stdout).status;
      return [authenticated, shared];
    };
    assert.deepEqual(await asked(b, ['cluster-b', 'other']), [true, ['cluster-b']]);
    assert.deepEqual(await asked(b, ['cluster-a']), [false, []]);
    assert.deepEqual(await asked(a, ['other']), [false, []]);
  });
});

describe('kube-apiserver with a directory behind NSS', () => {
  it('learns of no group that Kubernetes keeps for itself, and takes no failure for a no', {
    timeout: 300_000,
  }, async (t) => {
    const directory = createDirectory(t);
    const wrapped = await setScene(t, { passwords: { dora: PASSWORD, edna: PASSWORD } });
    const scene: Scene = { ...wrapped, env: { PATH: process.env['PATH'], ...directory.env } };
    initialise(scene);
    const daemon = await serve(t, scene, ['-identity-stale-for', '0s']);
    const cluster = await startCluster(t, join(scene.dir, 'cluster'), webhookFlags(scene, 'v1'));
    const [dora, edna, late] = [
      await tokenOf(daemon, 'dora'),
      await tokenOf(daemon, 'edna'),
      await tokenOf(daemon, 'dora'),
    ];

    const { stderr } = await cluster.kubectl(['get', 'ns'], { token: edna });
    assert.match(stderr, /Forbidden/);
    assert.deepEqual(cluster.audited('edna').at(-1)?.user.groups, ['staff', 'system:authenticated']);

    await cluster.letListNamespaces('ops');
    await until(async () => (await cluster.kubectl(['get', 'ns'], { token: dora })).code === 0);
    directory.is('fails');
    await until(async () => (await daemon.review(late)).status === 500);
    assert.match((await cluster.kubectl(['get', 'ns'], { token: late })).stderr, UNAUTHORIZED);
    directory.is('well');
    const { code, stderr: again } = await cluster.kubectl(['get', 'ns'], { token: late });
    assert.equal(code, 0, `nothing of it is kept: ${again}`);
  });
});

describe('kube-apiserver, when pamhook', () => {
  it('stops or hangs, refuses and keeps nothing of it', { timeout: 300_000 }, async (t) => {
    const scene = await setUp(t);
    const first = await serve(t, scene);
    const cluster = await startCluster(t, join(scene.dir, 'cluster'), webhookFlags(scene, 'v1'));
    // Each step has a token that the API server has not seen: what it has seen it keeps for ten seconds.
    const tokens = await Promise.all(Array.from({ length: 2 }, () => tokenOf(first)));
    const fresh = () => tokens.pop() ?? assert.fail('no token left');

    await first.stop();
    const whileStopped = fresh();
    const { stderr } = await cluster.kubectl(['get', 'ns'], { token: whileStopped });
    assert.match(stderr, UNAUTHORIZED);
    const daemon = await serve(t, scene);
    assert.equal(await cluster.status(whileStopped), 403, 'known again, with nothing done to the API server');

    const [front = 0] = daemon.children('front');
    process.kill(front, 'SIGSTOP');
    const whileHung = fresh();
    const answer = cluster.status(whileHung);
    await daemon.logged('the front accepts connections again');
    await answer;
    assert.equal(await cluster.status(whileHung), 403);
  });
});
