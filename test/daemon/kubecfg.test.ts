/** kubehook's routes on a real daemon: tokens and kubeconfigs for who has logged in, and a template that changes. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { auditLines, run, type Scene, setScene, startDaemon, until } from './daemon-harness.js';

const FLAGS = ['-max-lifetime', '24h', '-public-url', 'https://pamhook.example.org:6443'];
const clustersOf = (count: number, padding = '') =>
  Array.from({ length: count }, (_, n) => ({
    name: `cluster-${n}`,
    cluster: { server: `https://${n}.example`, 'proxy-url': 'http://proxy:3128', 'tls-server-name': `é${padding}` },
  }));

async function setTemplate(t: TestContext, template: object | string) {
  const scene = await setScene(t);
  const path = join(scene.dir, 'template.yaml');
  const write = (next: object | string) => {
    writeFileSync(`${path}.new`, typeof next === 'string' ? next : stringify(next));
    renameSync(`${path}.new`, path);
  };
  write(template);
  return { scene: { ...scene, flags: [...scene.flags, ...FLAGS, '-kubecfg-template', path] }, path, write };
}

const changes = (scene: Scene) => auditLines(scene).filter(({ event }) => event === 'kubecfg-template.changed').length;

function lifetimeOf(token: string): number {
  const { exp, iat } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return exp - iat;
}

describe('POST /generate', () => {
  it('answers as kubehook does, for a password', async (t) => {
    const daemon = await startDaemon(t, await setScene(t), FLAGS);
    const ask = (body: string, password = 'secret') =>
      daemon.ask('/generate', { method: 'POST', user: 'alice', password, body });
    const { status, headers, body } = await ask('{"lifetime":"24h"}');
    assert.deepEqual(
      [status, headers['content-type'], headers['cache-control']],
      [200, 'application/json; charset=utf-8', 'no-store'],
    );
    const { token, ...nothing } = JSON.parse(body);
    assert.deepEqual([lifetimeOf(token), nothing], [86_400, {}]);
    assert.equal((await daemon.review(token)).review.status.user?.username, 'alice');
    assert.equal(lifetimeOf(JSON.parse((await ask('{}')).body).token), 600);
    for (const [given, error] of [
      ['{"lifetime":"25h"}', '25h is greater than the configured token-expiry'],
      ['{"lifetime":24}', 'lifetime is not a string'],
      ['lifetime=24h', 'the body is not a JSON object, or has a member twice'],
    ] as const) {
      const refused = await ask(given);
      assert.deepEqual([refused.status, refused.body], [400, JSON.stringify({ error })]);
    }
    const wrong = await ask('{}', 'wrong');
    assert.deepEqual([wrong.status, wrong.body], [401, '{"error":"Authentication failure"}']);
    assert.match(wrong.headers['www-authenticate'] ?? '', /^Basic /);
    const nobody = await daemon.ask('/generate', { method: 'POST' });
    assert.deepEqual([nobody.status, nobody.body], [401, '{"error":"Supply username and password"}']);
    const get = await daemon.ask('/generate');
    assert.deepEqual([get.status, get.headers.allow], [405, 'POST']);
  });

  it('counts and holds failures with those of the other routes', async (t) => {
    const daemon = await startDaemon(t, await setScene(t), [
      '-login-free-failures',
      '2',
      '-login-max-wait',
      '1m',
      ...FLAGS,
    ]);
    assert.equal((await daemon.login('alice', 'wrong')).status, 401);
    assert.equal((await daemon.ask('/generate', { method: 'POST', user: 'alice', password: 'wrong' })).status, 401);
    const began = performance.now();
    const { status, headers, body } = await daemon.ask('/generate', {
      method: 'POST',
      user: 'alice',
      password: 'secret',
    });
    assert.deepEqual([status, body], [429, '{"error":"Too many failed logins"}']);
    assert.ok(Number(headers['retry-after']) >= 1 && performance.now() - began >= 990);
  });
});

describe('GET /kubecfg', () => {
  it('gives who has logged in a kubeconfig with a token, or with the plugin, as a download that nothing keeps', async (t) => {
    const { scene } = await setTemplate(t, { clusters: clustersOf(3), 'current-context': 'cluster-1' });
    const daemon = await startDaemon(t, scene);
    const me = { user: 'alice', password: 'secret' };
    const { status, headers, body } = await daemon.ask('/kubecfg?lifetime=24h', me);
    assert.equal(status, 200, body);
    assert.deepEqual(
      [headers['content-type'], headers['content-disposition'], headers['cache-control']],
      ['application/yaml; charset=utf-8', 'attachment; filename="kubeconfig"', 'no-store'],
    );
    const { users, clusters, 'current-context': current } = parse(body);
    assert.deepEqual([clusters, current], [clustersOf(3), 'cluster-1']);
    assert.equal(lifetimeOf(users[0].user.token), 86_400);
    const exec = await daemon.ask('/kubecfg?lifetime=1h30m&auth=exec', me);
    const { args } = parse(exec.body).users[0].user.exec;
    assert.deepEqual(args, [
      'credential',
      '--server=https://pamhook.example.org:6443',
      '--username=alice',
      '--lifetime=1h30m',
    ]);
    assert.doesNotMatch(exec.body, /token|secret/);
    for (const path of ['/kubecfg', '/kubecfg?auth=exec']) {
      assert.equal((await daemon.ask(path)).status, 401);
      const wrong = await daemon.ask(path, { ...me, password: 'wrong' });
      assert.deepEqual([wrong.status, wrong.body], [401, 'Authentication failure']);
    }
    for (const query of ['auth=basic', 'auth=exec&auth=token', 'lifetime=25h'])
      assert.equal((await daemon.ask(`/kubecfg?${query}`, me)).status, 400, query);
    assert.equal((await daemon.ask('/kubecfg', { ...me, method: 'POST' })).status, 405);
  });

  it('is 501 without a template, and PAM is not asked', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, FLAGS);
    const { status, body } = await daemon.ask('/kubecfg', { user: 'alice', password: 'wrong' });
    assert.deepEqual([status, body], [501, 'kubecfg-template is not configured']);
    assert.deepEqual(
      auditLines(scene).filter(({ event }) => String(event).startsWith('token.')),
      [],
    );
  });

  it('has the template that is there now; a bad one keeps the old, and a front that is new has the same', async (t) => {
    const { scene, write } = await setTemplate(t, { clusters: clustersOf(1) });
    const daemon = await startDaemon(t, scene);
    const count = async () => {
      const { body } = await daemon.ask('/kubecfg', { user: 'alice', password: 'secret' });
      return parse(body).clusters.length;
    };
    assert.equal(await count(), 1);
    write({ clusters: clustersOf(100, 'x'.repeat(2000)) });
    await until(() => changes(scene) === 1);
    await until(async () => (await count()) === 100);
    write({ clusters: clustersOf(2), users: [{ name: 'me', user: { token: 'hunter2' } }] });
    await daemon.logged('cannot be loaded; what was in use is kept');
    assert.match(daemon.stderr(), /"what":"kubecfg-template".*has users: everybody/);
    assert.doesNotMatch(daemon.stderr(), /hunter2/);
    assert.equal(await count(), 100);
    const [front = 0] = daemon.children('front');
    process.kill(front, 'SIGKILL');
    await daemon.logged('the front accepts connections again');
    assert.equal(await count(), 100);
    assert.equal(changes(scene), 1);
  });

  for (const [what, template, says] of [
    ['has users', { clusters: clustersOf(1), users: [{ name: 'u', user: {} }] }, /has users/],
    ['is too large', { clusters: clustersOf(200, 'x'.repeat(2000)) }, /larger than 256 KiB/],
    ['is none', 'x', /must hold a kubeconfig/],
  ] as const) {
    it(`ends the start, and is a fault of pamhook check, where the template ${what}`, async (t) => {
      const { scene } = await setTemplate(t, template);
      const { code, stderr } = await run(['serve', ...scene.flags], scene.env);
      assert.equal(code, 2);
      assert.match(stderr, says);
      assert.match((await run(['check', ...scene.flags], scene.env)).stdout, /FAULT\s+kubecfg-template/i);
    });
  }
});

describe('a kubeconfig from curl', () => {
  it('is one that kubectl takes', {
    skip: process.env['KUBEBUILDER_ASSETS'] === undefined && 'there is no kubectl',
  }, async (t) => {
    const { scene } = await setTemplate(t, { clusters: clustersOf(2) });
    const daemon = await startDaemon(t, scene);
    const file = join(scene.dir, 'kubeconfig');
    const url = `https://localhost:${daemon.port}/kubecfg?lifetime=24h`;
    const common = ['-sS', '--noproxy', '*', '--cacert', join(scene.dir, 'tls', 'ca.crt'), '-u', 'alice:secret'];
    await promisify(execFile)('curl', [...common, '-o', file, url], { env: { PATH: process.env['PATH'] } });
    const kubectl = join(process.env['KUBEBUILDER_ASSETS'] ?? '', 'kubectl');
    const { stdout } = await promisify(execFile)(kubectl, [
      '--kubeconfig',
      file,
      'config',
      'get-contexts',
      '-o',
      'name',
    ]);
    assert.equal(stdout, 'cluster-0\ncluster-1\n');
  });
});
