/** Tokens for whom an authenticating proxy names, from a real daemon; and all who must not get one that way. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Issued, issue } from '../cli/chains.js';
import {
  ALICE,
  type Answer,
  type Ask,
  auditLines,
  type Daemon,
  run,
  type Scene,
  setScene,
  startDaemon,
  until,
} from './daemon-harness.js';
import { standIn, startedIn } from './stand-in.js';

const CLIENT = ['1.3.6.1.5.5.7.3.2'];
const root = await issue('proxies', undefined, { ca: true });
const proxy = await issue('proxy', root, { names: [], purposes: CLIENT });
const stranger = await issue('stranger', root, { names: [], purposes: CLIENT });
const other = await issue('others', undefined, { ca: true });
const forged = await issue('proxy', other, { names: [], purposes: CLIENT });

/** From where the proxy connects. */
const PROXY = '127.0.0.7';
const BY_ADDRESS = ['-user-header', 'X-Forwarded-User', '-trusted-proxies', PROXY];
const GROUPS = ['-group-header', 'X-Forwarded-Groups'];

const named = (user: string, groups?: string): Ask => ({
  from: PROXY,
  headers: { 'x-forwarded-user': user, ...(groups === undefined ? {} : { 'x-forwarded-groups': groups }) },
});

const ofEvent = (scene: Scene, name: string) => auditLines(scene).filter(({ event }) => event === name);

function claimsIn(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

async function tokenFor(daemon: Daemon, asked: Ask): Promise<string> {
  const { status, body } = await daemon.ask('/generate', { method: 'POST', body: '{"lifetime":"90s"}', ...asked });
  assert.equal(status, 200, body);
  return JSON.parse(body).token;
}

async function statusOf(daemon: Daemon, token: string) {
  return (await daemon.review(token)).review.status;
}

function agentOf(t: TestContext, shown: Issued): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, cert: shown.cert, key: shown.key });
  t.after(() => agent.destroy());
  return agent;
}

describe('user-header', () => {
  it('gives a token without a password to whom a trusted proxy names, which says so, and reviews say who it is', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, [...BY_ADDRESS, ...GROUPS, '-audience', 'k8s']);
    const token = await tokenFor(daemon, named('carol', 'ops; dev;;system:masters ;dev'));
    const { jti, iat, nbf, exp, ...claims } = claimsIn(token);
    assert.deepEqual(claims, { origin: 'header', sub: 'header:carol', groups: ['ops', 'dev'], aud: 'k8s' });
    assert.equal(Number(exp) - Number(iat), 90);
    assert.equal(nbf, iat);
    assert.deepEqual((await statusOf(daemon, token)).user, {
      username: 'carol',
      groups: ['ops', 'dev'],
      extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${jti}`], 'pamhook/origin': ['header'] },
    });
    const [line] = ofEvent(scene, 'token.vouched');
    const { user, groups, source, process: by } = line ?? {};
    assert.deepEqual(
      { user, groups, source, by },
      { user: 'carol', groups: ['ops', 'dev'], source: PROXY, by: 'worker' },
    );
    assert.equal(line?.['jti'], jti);
    assert.deepEqual(ofEvent(scene, 'token.issued'), [], 'nobody has sent a password');
  });

  it('is taken by /token too, and takes nothing from those who send a password', async (t) => {
    const daemon = await startDaemon(t, await setScene(t), BY_ADDRESS);
    const json = { accept: 'application/json' };
    const { body } = await daemon.ask('/token', { ...named('carol'), headers: { ...named('carol').headers, ...json } });
    const { username, messages } = JSON.parse(body);
    assert.deepEqual([username, messages], ['carol', []]);
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
    assert.equal((await daemon.login('alice', 'secret', { from: PROXY })).status, 200);
    assert.equal((await daemon.login('alice', 'wrong', { from: PROXY })).status, 401);
    const basic = { user: 'alice', password: 'wrong', ...named('carol') };
    assert.equal((await daemon.ask('/token', basic)).status, 200, 'the proxy has passed on what it was sent');
  });

  it('is refused from everywhere else, on every path, and audited', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, [...BY_ADDRESS, ...GROUPS]);
    const attacks: readonly (readonly [path: string, ask: Ask])[] = [
      ['/generate', { method: 'POST', headers: { 'x-forwarded-user': 'root' } }],
      ['/token', { headers: { 'X-FORWARDED-USER': 'root' }, user: 'alice', password: 'secret' }],
      ['/token', { headers: { 'x-forwarded-user': 'root', 'x-forwarded-for': PROXY } }],
      ['/token', { headers: { 'x-forwarded-groups': 'ops' }, user: 'alice', password: 'secret' }],
      ['/kubecfg', { headers: { 'x-forwarded-user': 'root' } }],
      ['/heartbeat', { headers: { 'x-forwarded-user': 'root' } }],
      ['/nowhere', { headers: { 'x-forwarded-user': '' } }],
      ['/authenticate', { method: 'POST', headers: { 'x-forwarded-user': 'root' }, body: '{}' }],
    ];
    for (const [path, ask] of attacks) {
      const { status, body } = await daemon.ask(path, ask);
      assert.deepEqual([status, body], [403, 'x-forwarded-user: not from here'], path);
    }
    await daemon.logged('"reason":"untrusted address"');
    await daemon.stop();
    const [line, ...more] = ofEvent(scene, 'header.refused');
    const { reason, source, count } = line ?? {};
    assert.deepEqual(
      { reason, source, count },
      { reason: 'untrusted address', source: '127.0.0.1', count: attacks.length },
    );
    assert.deepEqual(more, []);
    assert.deepEqual(ofEvent(scene, 'token.issued'), []);
  });

  it('of a form that only an attack or a broken proxy has is 400', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, [...BY_ADDRESS, ...GROUPS]);
    const user = 'carol';
    const bad: Record<string, Record<string, string | readonly string[]>> = {
      empty: { 'x-forwarded-user': '' },
      repeated: { 'x-forwarded-user': [user, 'root'] },
      'not UTF-8': { 'x-forwarded-user': 'caf\xe9' },
      'unusable name': { 'x-forwarded-user': 'x'.repeat(512) },
      'reserved name': { 'x-forwarded-user': 'system:admin' },
      'no user': { 'x-forwarded-groups': 'ops' },
      'too many groups': { 'x-forwarded-user': user, 'x-forwarded-groups': 'g;'.repeat(257) },
      'unusable group': { 'x-forwarded-user': user, 'x-forwarded-groups': `ops;${'g'.repeat(512)}` },
    };
    for (const [reason, headers] of Object.entries(bad)) {
      const { status, body } = await daemon.ask('/token', { from: PROXY, headers });
      assert.deepEqual([status, body], [400, `x-forwarded-user: ${reason}`]);
    }
    const twice = { 'x-forwarded-user': user, 'x-forwarded-groups': ['ops', 'dev'] };
    assert.equal((await daemon.ask('/token', { from: PROXY, headers: twice })).body, 'x-forwarded-user: repeated');
    await daemon.stop();
    const counted = ofEvent(scene, 'header.refused').map(({ reason, count }) => [reason, count]);
    assert.deepEqual(
      new Map(counted as [string, number][]),
      new Map(Object.keys(bad).map((reason) => [reason, reason === 'repeated' ? 2 : 1])),
    );
    assert.deepEqual(ofEvent(scene, 'token.vouched'), []);
  });

  it('is believed from a client certificate of client-ca-subject, on either listener, and from no other', async (t) => {
    const scene = await setScene(t);
    const caFile = join(scene.dir, 'client-ca.crt');
    writeFileSync(caFile, root.cert);
    const flags = ['-client-ca-file', caFile, '-client-ca-subject', 'proxy', '-user-header', 'X-User'];
    for (const more of [[], ['-webhook-bind-address', '127.0.0.1:0']]) {
      const daemon = await startDaemon(t, scene, [...flags, ...more]);
      const ask = (shown?: Issued): Promise<Answer> =>
        daemon.ask('/token', {
          headers: { 'x-user': 'carol' },
          ...(shown === undefined ? {} : { agent: agentOf(t, shown) }),
        });
      assert.equal((await ask(proxy)).status, 200);
      for (const shown of [undefined, stranger, forged]) assert.equal((await ask(shown)).status, 403);
      assert.equal((await daemon.login('alice', 'secret')).status, 200, 'people need none');
      await daemon.stop();
    }
    const reasons = new Set(ofEvent(scene, 'header.refused').map(({ reason }) => reason));
    assert.deepEqual(reasons, new Set(['no certificate', 'wrong subject', 'unknown issuer']));
  });

  it('makes tokens that are a no once it is not set any more', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, BY_ADDRESS);
    const token = await tokenFor(daemon, named('alice'));
    assert.equal((await statusOf(daemon, token)).user?.username, 'alice');
    const without = await startDaemon(t, scene, ['-trusted-proxies', PROXY]);
    assert.deepEqual(await statusOf(without, token), { authenticated: false });
    assert.equal((await without.ask('/token', named('alice'))).status, 401, 'a header like any other');
    await without.stop();
    assert.equal(ofEvent(scene, 'review.refused').at(-1)?.['reason'], 'header not believed');
  });

  it('tells its users from accounts of the same name, with user-header-prefix in the answer too', async (t) => {
    const scene = await setScene(t);
    const flags = [
      '-username-prefix',
      'unix:',
      '-user-header-prefix',
      'sso:',
      '-groups-prefix',
      'g:',
      '-groups-filter',
      'o*',
    ];
    const daemon = await startDaemon(t, scene, [...BY_ADDRESS, ...GROUPS, ...flags]);
    const user = (await statusOf(daemon, await tokenFor(daemon, named('alice', 'ops;dev')))).user;
    assert.deepEqual([user?.username, user?.groups, user?.uid], ['unix:sso:alice', ['g:ops'], undefined]);
    const { body } = await daemon.login('alice', 'secret');
    assert.equal((await statusOf(daemon, body.trim())).user?.username, 'unix:alice');
  });

  it('with allow-groups lets in whom the header puts into one, at issue and at review', async (t) => {
    const scene = await setScene(t);
    const lax = await startDaemon(t, scene, [...BY_ADDRESS, ...GROUPS]);
    const daemon = await startDaemon(t, scene, [...BY_ADDRESS, ...GROUPS, '-allow-groups', 'ops']);
    assert.equal((await statusOf(daemon, await tokenFor(daemon, named('carol', 'dev;ops')))).authenticated, true);
    const { status, body } = await daemon.ask('/generate', { ...named('carol', 'dev'), method: 'POST' });
    assert.deepEqual([status, body], [403, '{"error":"Access denied"}']);
    const [line] = ofEvent(scene, 'token.vouch-refused');
    assert.deepEqual([line?.['user'], line?.['denial']], ['carol', 'not in allow-groups']);
    assert.equal((await statusOf(daemon, await tokenFor(lax, named('carol', 'dev')))).authenticated, false);
  });
});

describe('require-unix-user', () => {
  it('gives tokens to accounts alone, bound to their uid, with their groups and policies', async (t) => {
    const scene = await setScene(t);
    const flags = [...BY_ADDRESS, '-require-unix-user', '-min-uid', '20001', '-identity-cache-ttl', '0'];
    const daemon = await startDaemon(t, scene, flags);
    const token = await tokenFor(daemon, named('alice'));
    assert.equal(claimsIn(token)['uid'], '20001');
    const user = (await statusOf(daemon, token)).user;
    assert.deepEqual([user?.uid, user?.groups], ['20001', ['alice', 'developers']]);
    for (const [name, denial] of [
      ['carol', 'unknown user'],
      ['root', 'uid below min-uid'],
    ] as const) {
      assert.equal((await daemon.ask('/token', named(name))).status, 403);
      assert.equal(ofEvent(scene, 'token.vouch-refused').at(-1)?.['denial'], denial);
    }
    scene.users([ALICE.replace('20001', '20009')]);
    await until(async () => !(await statusOf(daemon, token)).authenticated);
    scene.users([]);
    assert.equal((await statusOf(daemon, token)).authenticated, false);
  });

  it('takes no token that was issued without it', async (t) => {
    const scene = await setScene(t);
    const lax = await startDaemon(t, scene, BY_ADDRESS);
    const daemon = await startDaemon(t, scene, [...BY_ADDRESS, '-require-unix-user']);
    assert.equal((await statusOf(daemon, await tokenFor(lax, named('alice')))).authenticated, false);
  });
});

describe('a captured front', () => {
  it('that asks for a token without a password dies for it while no header is believed, and no token is made', async (t) => {
    const scene = await setScene(t);
    const captured = standIn(scene, 'front', [
      ({ send }) => send({ kind: 'vouch', id: 1, requestId: 'r', username: 'root', groups: [], source: '127.0.0.1' }),
    ]);
    const daemon = await startDaemon(t, captured);
    await daemon.logged('the front broke the protocol and is killed');
    assert.match(daemon.stderr(), /more than 0 jobs at once: vouch/);
    await until(() => startedIn(captured) === 2);
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
    assert.deepEqual(ofEvent(scene, 'token.vouched'), []);
  });

  it('gets no more by it than the policies let a proxy have', async (t) => {
    const scene = await setScene(t);
    const captured = standIn(scene, 'front', [
      async ({ send, next }) => {
        const results = [1, 2, 3, 4, 5].map(() => next('vouch-result'));
        const vouch = { kind: 'vouch', requestId: 'r', groups: ['system:masters'], source: '127.0.0.1' };
        send({ ...vouch, id: 1, username: 'system:admin' });
        send({ ...vouch, id: 2, username: 'a\nb' });
        send({ ...vouch, id: 3, username: 'carol', lifetime: 601 });
        send({ ...vouch, id: 4, username: 'carol', audience: ['elsewhere'] });
        send({ ...vouch, id: 5, username: 'carol' });
        await Promise.all(results);
        process.exit(0);
      },
    ]);
    await startDaemon(t, captured, [...BY_ADDRESS, ...GROUPS]);
    const ended = () => auditLines(scene).filter(({ event }) => String(event).startsWith('token.'));
    await until(() => ended().length === 5);
    const told = ended().map(({ event, denial, error, groups }) => [event, denial ?? error ?? groups]);
    assert.deepEqual(
      new Set(told.map(String)),
      new Set([
        'token.vouch-refused,reserved name',
        'token.vouch-refused,unusable name',
        'token.vouch-unavailable,ERR_PROTOCOL',
        'token.vouched,',
      ]),
    );
  });
});

describe('the start', () => {
  const faults: readonly (readonly [flags: readonly string[], says: RegExp])[] = [
    [['-user-header', 'X-User'], /flag -user-header needs client-ca-file or trusted-proxies/],
    [['-user-header', 'X-User', '-trusted-proxies', '0.0.0.0/0'], /any client could then be anybody/],
    [['-user-header', 'X-User', '-trusted-proxies', '10.0.0.1', '-group-header', 'x-user'], /is the same header/],
    [['-user-header', 'Authorization', '-trusted-proxies', '10.0.0.1'], /header that has no other use/],
    [
      ['-user-header', 'X-User', '-trusted-proxies', '10.0.0.1', '-allow-groups', 'a'],
      /group-header or require-unix-user/,
    ],
  ];
  for (const [flags, says] of faults) {
    it(`is none with ${flags.join(' ')}`, async (t) => {
      const scene = await setScene(t);
      const { code, stderr } = await run(['serve', ...scene.flags, ...flags], scene.env);
      assert.equal(code, 2);
      assert.match(stderr, says);
    });
  }
});
