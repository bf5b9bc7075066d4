/** A real kube-apiserver verifies pamhook's tokens itself, by OpenID Connect, and never asks the webhook. */
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import jwt from 'jsonwebtoken';
import { type Daemon, run, type Scene, startDaemon, until } from '../daemon/daemon-harness.js';
import { documentedFlags } from '../docs/without-webhook.js';
import { enterThrowAwayRoot } from '../harness/throw-away-root.js';
import { addUser, install, PASSWORD, setMachine, sh } from '../pam.d-examples/machine.js';
import { assets, startCluster } from './cluster.js';

assets();
enterThrowAwayRoot(import.meta.url);

const PORT = '8443';
const ISSUER = `https://127.0.0.1:${PORT}/unix`;

async function setUp(t: TestContext): Promise<Scene> {
  sh('userdel -rf alice || true; groupdel developers || true');
  install('debian', '/etc/pam.d/pamhook');
  addUser('alice', ['developers']);
  return setMachine(t);
}

const keysOf = ({ dir }: Scene) => join(dir, 'tls');

function rotate(scene: Scene, ...flags: readonly string[]) {
  return run(['keys', 'rotate', '--dir', keysOf(scene), '--publish-for', '1s', ...flags], scene.env);
}

function serve(t: TestContext, scene: Scene): Promise<Daemon> {
  const verification = join(keysOf(scene), 'verification');
  const flags = ['-server-name', ISSUER, '-audience', 'kubernetes,elsewhere', '-token-claims', 'groups'];
  return startDaemon(t, scene, ['-bind-port', PORT, '-verification-key-files', verification, ...flags]);
}

/** Those of docs/without-webhook.md, for this issuer and its CA. */
function oidcFlags(scene: Scene): string[] {
  const here = { 'oidc-issuer-url': ISSUER, 'oidc-ca-file': join(keysOf(scene), 'ca.crt') };
  return [...new Map([...documentedFlags(), ...Object.entries(here)])].map(([name, value]) => `--${name}=${value}`);
}

async function tokenOf(daemon: Daemon, query = '?audience=kubernetes'): Promise<string> {
  const { status, body } = await daemon.login('alice', PASSWORD, { query });
  assert.equal(status, 200, body);
  return body.trim();
}

const kidOf = (token: string) => jwt.decode(token, { complete: true })?.header.kid;

/** The same token, but signed by a key that is not published under its kid. */
function forged(token: string): string {
  const { header, payload } = jwt.decode(token, { complete: true }) ?? assert.fail('no token');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return jwt.sign(payload, key, { algorithm: 'ES256', header: header as jwt.JwtHeader });
}

// One API server for all: it takes longer to start than all the rest.
it('kube-apiserver verifies by the published keys', { timeout: 600_000 }, async (t) => {
  const scene = await setUp(t);
  const first = run(['keys', 'rotate', '--dir', keysOf(scene), '--publish-for', '1s'], scene.env);
  assert.match((await first).stdout, /^published /m);
  const cluster = await startCluster(t, join(scene.dir, 'cluster'), oidcFlags(scene));
  let daemon = await serve(t, scene);
  const before = await tokenOf(daemon);

  await t.test('and finds them though pamhook came after it', async () => {
    await until(async () => (await cluster.status(before)) === 403);
  });

  await t.test('and lets a user do what a Unix group of hers may', async () => {
    const list = () => cluster.kubectl(['get', 'ns'], { token: before });
    assert.match((await list()).stderr, /Forbidden\): namespaces is forbidden: User "unix:alice" cannot list resource/);
    await cluster.letListNamespaces('unix:developers');
    await until(async () => (await list()).code === 0);
    const { groups } = cluster.audited('unix:alice').at(-1)?.user ?? {};
    assert.deepEqual(groups, ['unix:alice', 'unix:developers', 'system:authenticated']);
  });

  await t.test('and takes no token but a good one for this cluster', async () => {
    assert.equal(await cluster.status(await tokenOf(daemon, '')), 200, 'for both audiences');
    assert.equal(await cluster.status(await tokenOf(daemon, '?audience=elsewhere')), 401);
    const good = await tokenOf(daemon);
    assert.equal(await cluster.status(forged(good)), 401);
    assert.equal(await cluster.status(good.slice(0, good.lastIndexOf('.') + 1)), 401);
    const brief = await tokenOf(daemon, '?audience=kubernetes&lifetime=1s');
    await until(async () => (await cluster.status(brief)) === 401);
  });

  await t.test('and takes a key that was published before it signed at once', async () => {
    await until(async () => /^promoted /m.test((await rotate(scene)).stdout));
    let token = before;
    await until(async () => {
      token = await tokenOf(daemon);
      return kidOf(token) !== kidOf(before);
    });
    assert.equal(await cluster.status(token), 200);
    assert.equal(await cluster.status(before), 200);
  });

  await t.test('and goes on while pamhook is stopped or killed', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const [seen, unseen] = [await tokenOf(daemon), await tokenOf(daemon)];
      assert.equal(await cluster.status(seen), 200);
      await daemon.stop(signal);
      assert.deepEqual([await cluster.status(seen), await cluster.status(unseen)], [200, 200]);
      daemon = await serve(t, scene);
    }
  });

  await t.test('and drops a leaked key no sooner than it has met a token of the next', async () => {
    const leaked = [await tokenOf(daemon), await tokenOf(daemon)] as const;
    assert.equal((await rotate(scene, '--emergency')).code, 0);
    await daemon.stop();
    daemon = await serve(t, scene);
    assert.equal((await daemon.review(leaked[0])).review.status.authenticated, false);
    assert.equal(await cluster.status(leaked[0]), 200, 'what docs/without-webhook.md warns of');
    const fresh = await tokenOf(daemon);
    // It asks for the keys again 30 s after the last time.
    await until(async () => (await cluster.status(fresh)) === 200);
    assert.equal(await cluster.status(leaked[1]), 401);
  });
});
