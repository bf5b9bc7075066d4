/** From whom a front believes a user-header, and what it makes of one, over real TLS. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UnavailableError } from '#src/errors.js';
import type { Vouch, VouchRequest } from '#src/token/vouch.js';
import { ask, basic, type FrontParts, startFront } from './front.js';

const headers = { user: 'x-user', groups: 'x-groups', delimiter: ', ' };
const TRUSTED = ['127.0.0.1'];

function vouching(outcome: 'issued' | 'refused' = 'issued') {
  const asked: VouchRequest[] = [];
  const vouch: Vouch = async (request) => {
    asked.push(request);
    if (outcome === 'refused') return { outcome };
    return { outcome, token: 'a.b.c', expiresAt: 1_700_000_000, username: request.username };
  };
  return { asked, vouch };
}

const believing = (more: FrontParts = {}): FrontParts => ({ headers, trustedProxies: TRUSTED, ...more });

describe('a user-header that is believed', () => {
  it('asks for a token in its name, with what was asked for of the token, for the client that the proxy names', async (t) => {
    const { asked, vouch } = vouching();
    const front = await startFront(t, believing({ vouch, audience: ['a', 'b'] }));
    const sent = {
      'X-User': 'caf\u00c3\u00a9',
      'X-Groups': ' ops, dev team, , system:masters',
      'X-Forwarded-For': '192.0.2.7',
    };
    const { status, body } = await ask(front.port, '/token?lifetime=90s&audience=b', { headers: sent });
    assert.deepEqual([status, body], [200, 'a.b.c\n']);
    const [{ requestId, ...request } = assert.fail()] = asked;
    assert.deepEqual(request, {
      username: 'café',
      groups: ['ops', 'dev team'],
      source: '192.0.2.7',
      lifetime: 90,
      audience: ['b'],
    });
    assert.match(requestId, /^[0-9a-f-]{36}$/);
  });

  it('goes before credentials, and nobody tries their password', async (t) => {
    const { asked, vouch } = vouching();
    const front = await startFront(t, believing({ vouch, login: async () => assert.fail('a login was tried') }));
    assert.equal(
      (await ask(front.port, '/token', { headers: { ...basic('alice', 'x'), 'x-user': 'carol' } })).status,
      200,
    );
    assert.equal(asked[0]?.username, 'carol');
  });

  it('of somebody who may have none is 403 without a challenge, and 503 where it cannot be told', async (t) => {
    const refused = await startFront(t, believing({ vouch: vouching('refused').vouch }));
    const answer = await ask(refused.port, '/token', { headers: { 'x-user': 'carol' } });
    assert.deepEqual(
      [answer.status, answer.body, answer.headers['www-authenticate']],
      [403, 'Access denied', undefined],
    );
    assert.deepEqual(refused.slept, []);
    const vouch: Vouch = async () => Promise.reject(new UnavailableError('ERR_NSS_FAILED', 'x'));
    const failing = await startFront(t, believing({ vouch }));
    const { status, headers: sent } = await ask(failing.port, '/token', { headers: { 'x-user': 'carol' } });
    assert.deepEqual([status, sent['retry-after']], [503, '1']);
  });

  it('is a header like any other where none is configured', async (t) => {
    const front = await startFront(t, { trustedProxies: TRUSTED });
    assert.equal((await ask(front.port, '/token', { headers: { 'x-user': 'carol' } })).status, 401);
  });
});

describe('a user-header that is not believed', () => {
  it('ends the request on every path before anything is looked at, and the connection', async (t) => {
    const front = await startFront(t, { headers, trustedProxies: ['192.0.2.1'], login: async () => assert.fail() });
    for (const path of [
      '/token?lifetime=x',
      '/generate',
      '/kubecfg',
      '/authenticate',
      '/heartbeat',
      '/livez',
      '/nowhere',
    ]) {
      for (const name of ['x-user', 'X-GROUPS']) {
        const sent = { [name]: 'root', 'x-forwarded-for': '192.0.2.1', ...basic('alice', 'x') };
        const { status, body, headers: answered } = await ask(front.port, path, { method: 'POST', headers: sent });
        assert.deepEqual([status, body], [403, 'x-user: not from here'], path);
        assert.deepEqual([answered.connection, answered['cache-control']], ['close', 'no-store']);
        assert.ok(answered['x-request-id']);
      }
    }
    assert.deepEqual(
      new Set(front.refusedHeaders.map(({ fault, source }) => `${fault} ${source}`)),
      new Set(['untrusted address 127.0.0.1']),
    );
    const head = await ask(front.port, '/token', { method: 'HEAD', headers: { 'x-user': 'root' } });
    assert.deepEqual([head.status, head.body], [403, '']);
    assert.equal((await ask(front.port, '/heartbeat')).status, 200);
  });

  it('in a trailer, or under a name like it, is none', async (t) => {
    const { asked, vouch } = vouching();
    const front = await startFront(t, believing({ vouch }));
    for (const name of ['x_user', 'x-user-', 'xx-user'])
      assert.equal((await ask(front.port, '/token', { headers: { [name]: 'carol' } })).status, 401, name);
    assert.deepEqual(asked, []);
  });
});
