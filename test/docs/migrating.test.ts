/** docs/migrating.md holds what is true: its command lines start a real daemon, and what it says of their answers is asked. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { parse } from 'yaml';
import { isAlias } from '#src/config/kubehook.js';
import { isOptionName } from '#src/config/options.js';
import { issue } from '../cli/chains.js';
import { type Scene, setScene, startDaemon } from '../daemon/daemon-harness.js';

const page = readFileSync(new URL('../../../docs/migrating.md', import.meta.url), 'utf8');
const commands = [...page.matchAll(/^```sh\npamhook ([\s\S]*?)^```$/gm)].map(([, text = '']) =>
  text.replaceAll('\\\n', ' ').trim().split(/\s+/),
);
const CLIENT = ['1.3.6.1.5.5.7.3.2'];

const TEMPLATE = 'clusters:\n- name: one\n  cluster:\n    server: https://one.example\n';
const root = await issue('proxies', undefined, { ca: true });
const proxy = await issue('proxy', root, { names: [], purposes: CLIENT });

/** The command line with the files of the scene, a free port, and an address of loopback for the proxy. */
function scened(scene: Scene, argv: readonly string[]): Scene {
  const at = (name: string) => join(scene.dir, 'tls', name);
  const files: Record<string, string> = {
    'pamhook_cert.crt': at('server.crt'),
    'pamhook_key.crt': at('server.key'),
    'tls.crt': at('server.crt'),
    'tls.key': at('server.key'),
    'signing-key.pem': at('signing-key.pem'),
    'template.yaml': join(scene.dir, 'template.yaml'),
    'ca.crt': join(scene.dir, 'proxies.crt'),
    '6443': '0',
    '10.1.2.3': '127.0.0.7',
  };
  const flags = argv.map((word) => files[word] ?? word.replace(/^--listen=.*/, '--listen=127.0.0.1:0'));
  const kept = ['-pam-config-dir', '-refusal-delay', '-log-format', '-audit-log'];
  const own = scene.flags.filter((flag, index) => kept.includes(flag) || kept.includes(scene.flags[index - 1] ?? ''));
  return { ...scene, flags: [...own, ...flags] };
}

async function start(t: TestContext, index: number) {
  const scene = await setScene(t);
  writeFileSync(join(scene.dir, 'template.yaml'), TEMPLATE);
  writeFileSync(join(scene.dir, 'proxies.crt'), root.cert);
  return startDaemon(t, scened(scene, commands[index] ?? []));
}

describe('the command lines of docs/migrating.md', () => {
  it('are three', () => assert.equal(commands.length, 3));

  it('start what pam_hook was, with the answers of the table', async (t) => {
    const daemon = await start(t, 0);
    assert.match(daemon.stderr(), /flag -signing-key can be seen by other users/);
    const { status, body, headers } = await daemon.login('alice', 'secret');
    assert.equal(status, 200);
    assert.equal(headers.authorization, `Bearer ${body.trim()}`);
    assert.equal(
      (await daemon.review(body.trim(), { version: 'v1beta1' })).review.apiVersion,
      'authentication.k8s.io/v1beta1',
    );
    assert.equal((await daemon.ask('/token')).status, 401);
    assert.equal((await daemon.login('alice', 'wrong')).status, 401);
    assert.equal((await daemon.login('alice', 'secret', { query: '?token-expires-in=0' })).status, 400);
    assert.equal((await daemon.ask('/authenticate', { method: 'POST', body: 'x' })).status, 400);
    assert.equal((await daemon.ask('/heartbeat')).body, 'ok');
  });

  it('start what kubehook was, behind a proxy known by its address', async (t) => {
    const daemon = await start(t, 1);
    const asProxy = { from: '127.0.0.7', headers: { 'X-Forwarded-User': 'cooluser', 'X-Forwarded-Groups': 'a;b;' } };
    const generated = await daemon.ask('/generate', { ...asProxy, method: 'POST', body: '{"lifetime":"168h"}' });
    assert.equal(generated.status, 200, generated.body);
    const { user } = (await daemon.review(JSON.parse(generated.body).token)).review.status;
    assert.deepEqual([user?.username, user?.groups, user?.uid], ['cooluser', ['a', 'b'], undefined]);
    const longer = await daemon.ask('/generate', { ...asProxy, method: 'POST', body: '{"lifetime":"169h"}' });
    assert.equal(longer.status, 400);
    const { body } = await daemon.ask('/kubecfg?lifetime=24h', asProxy);
    assert.deepEqual(parse(body).contexts, [{ name: 'one', context: { cluster: 'one', user: 'pamhook' } }]);
    assert.equal((await daemon.ask('/generate', { ...asProxy, from: '127.0.0.8', method: 'POST' })).status, 403);
    assert.equal((await daemon.ask('/generate', { method: 'POST', body: '{}' })).status, 401);
    assert.equal((await daemon.review('bad')).status, 200);
    for (const path of ['/healthz', '/quitquitquit']) assert.equal((await daemon.ask(path)).status, 404);
  });

  it('start what kubehook was, for a proxy known by its certificate', async (t) => {
    const daemon = await start(t, 2);
    const agent = new Agent({ cert: proxy.cert, key: proxy.key });
    t.after(() => agent.destroy());
    const headers = { 'X-Forwarded-User': 'cooluser' };
    assert.equal((await daemon.ask('/token', { agent, headers })).status, 200);
    assert.equal((await daemon.ask('/token', { headers })).status, 403);
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
  });
});

it('docs/migrating.md speaks of no flag that is not taken', () => {
  const rows = [...page.matchAll(/^\| (`-.*?) \|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`--?([\w-]+)`/g)]);
  assert.ok(rows.length > 25);
  for (const [, name = ''] of rows) assert.ok(isOptionName(name) || isAlias(name), name);
});
