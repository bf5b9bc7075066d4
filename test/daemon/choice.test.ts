import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { inCommon } from '../harness/in-common.js';
import { type Answer, type Ask, auditLines, setScene, startDaemon } from './daemon-harness.js';

const FORM = 'application/x-www-form-urlencoded';
const AUDIENCES = ['https://a', 'https://b', 'c'];
const FLAGS = ['-audience', AUDIENCES.join(','), '-token-expires-in', '90'];

/** For those who only ask it for tokens. */
const choosing = inCommon(async (t) => {
  const scene = await setScene(t);
  return { scene, daemon: await startDaemon(t, scene, FLAGS) };
});

function post(type: string, body: string): Ask {
  return { method: 'POST', headers: { 'content-type': type }, body };
}

function claimsIn({ status, body }: Answer) {
  assert.equal(status, 200, body);
  const { aud, exp, iat } = JSON.parse(Buffer.from(body.split('.')[1] ?? '', 'base64url').toString());
  return { aud, lifetime: exp - iat };
}

describe('what a client may choose', () => {
  it('reaches the token, by query, as a form and as JSON', async () => {
    const { daemon } = await choosing();
    const login = async (options: Parameters<typeof daemon.login>[2]) =>
      claimsIn(await daemon.login('alice', 'secret', options));
    const wanted = { lifetime: 90, aud: ['https://b', 'c'] };
    assert.deepEqual(await login({ query: '?lifetime=1m30s&audience=c&audience=https://b' }), wanted);
    assert.deepEqual(await login(post(FORM, 'lifetime=90s&audience=c&audience=https%3A%2F%2Fb')), wanted);
    const json = JSON.stringify({ lifetime: '1.5m', audience: ['c', 'https://b'] });
    assert.deepEqual(await login(post('application/json', json)), wanted);
    assert.deepEqual(await login(post('application/json', '{"token-expires-in":2,"audience":"c"}')), {
      lifetime: 120,
      aud: 'c',
    });
    assert.deepEqual(await login({ query: '?lifetime=1h30m' }), { lifetime: 5400, aud: AUDIENCES });
    assert.deepEqual(await login({}), { lifetime: 5400, aud: AUDIENCES });
  });

  it('is what curl sends', async () => {
    const { scene, daemon } = await choosing();
    const url = `https://localhost:${daemon.port}/token`;
    const common = ['-sS', '--noproxy', '*', '--cacert', join(scene.dir, 'tls', 'ca.crt'), '-u', 'alice:secret'];
    for (const args of [
      ['-d', 'lifetime=90s', '--data-urlencode', 'audience=https://b', url],
      ['-H', 'Content-Type: application/json', '-d', '{"lifetime":"90s","audience":["https://b"]}', url],
      ['-G', '-d', 'lifetime=90s', '--data-urlencode', 'audience=https://b', url],
    ]) {
      const env = { PATH: process.env['PATH'] };
      const { stdout: body } = await promisify(execFile)('curl', [...common, ...args], { env });
      assert.deepEqual(claimsIn({ status: 200, headers: {}, rawHeaders: [], body }), {
        lifetime: 90,
        aud: 'https://b',
      });
    }
  });

  it('is a lifetime of up to max-lifetime; who asks for none gets token-expires-in', async (t) => {
    const daemon = await startDaemon(t, await setScene(t), ['-max-lifetime', '24h', '-token-expires-in', '5']);
    const login = (query: string) => daemon.login('alice', 'secret', { query });
    assert.equal(claimsIn(await login('')).lifetime, 300);
    assert.equal(claimsIn(await login('?lifetime=24h')).lifetime, 86_400);
    assert.equal(claimsIn(await login('?token-expires-in=1440')).lifetime, 86_400);
    const { status, body } = await login('?lifetime=24h0m1s');
    assert.deepEqual([status, body], [400, '24h1s is greater than the configured token-expiry']);
  });

  it('makes a token for no other audience', async () => {
    const { daemon } = await choosing();
    const { body: token } = await daemon.login('alice', 'secret', { query: '?audience=c' });
    const asked = async (audiences: readonly string[]) =>
      (await daemon.review(token.trim(), { audiences })).review.status;
    assert.deepEqual((await asked(['https://a', 'c'])).audiences, ['c']);
    assert.deepEqual(await asked(['https://a']), { authenticated: false });
  });

  it('is 400 when it may not be chosen, and PAM is not asked', async (t) => {
    const scene = await setScene(t);
    const plain = await startDaemon(t, scene);
    const { status, body } = await plain.login('alice', 'secret', { query: '?audience=https://a' });
    assert.deepEqual([status, body], [400, "'https://a' is not one of the configured audiences"]);
    await plain.stop();
    const daemon = await startDaemon(t, scene, FLAGS);
    const bad: (Ask & { query?: string })[] = [
      { query: '?lifetime=1h30m1s' },
      { query: '?lifetime=500ms' },
      { query: '?lifetime=1m&token-expires-in=1' },
      { query: '?audience=https://a&audience=x' },
      post(FORM, 'lifetime=2h'),
      post('application/json', '{"audience":[1]}'),
      { ...post(FORM, 'audience=c'), query: '?audience=c' },
    ];
    for (const options of bad) {
      assert.equal((await daemon.login('alice', 'secret', options)).status, 400, JSON.stringify(options));
    }
    assert.deepEqual(new Set(auditLines(scene).map(({ event }) => String(event).split('.')[0])), new Set(['daemon']));
  });
});
