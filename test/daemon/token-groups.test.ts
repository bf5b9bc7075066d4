/** Groups inside of tokens, for those who verify tokens without pamhook: what a daemon writes there, and that its own reviews do not care. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import jwt from 'jsonwebtoken';
import { ALICES_GROUPS, auditLines, type Daemon, type Scene, setScene, startDaemon, until } from './daemon-harness.js';

async function serving(t: TestContext, group: readonly string[], flags: readonly string[]) {
  const scene = await setScene(t, { group });
  return { scene, daemon: await startDaemon(t, scene, flags) };
}

interface Issued {
  readonly token: string;
  readonly messages: readonly string[];
  readonly claims: jwt.JwtPayload;
  /** The token is in the answer's Authorization header too. */
  readonly inHeader: boolean;
}

async function issuedBy(daemon: Daemon): Promise<Issued> {
  const { status, headers, body } = await daemon.login('alice', 'secret', { headers: { accept: 'application/json' } });
  assert.equal(status, 200, body);
  const { token, messages } = JSON.parse(body);
  const inHeader = headers.authorization === `Bearer ${token}`;
  return { token, messages, claims: jwt.decode(token) as jwt.JwtPayload, inHeader };
}

function many(count: number, characters: number): string[] {
  const names = Array.from({ length: count }, (_, at) => `g${at}`.padEnd(characters, 'x'));
  return [...ALICES_GROUPS, ...names.map((name, at) => `${name}:x:${30_000 + at}:alice`)];
}

function curtailments(scene: Scene): Record<string, unknown>[] {
  return auditLines(scene).filter(({ event }) => event === 'token.curtailed');
}

describe('token-claims groups', () => {
  it('writes the groups of the login into the token, and reviews go by those of the moment', async (t) => {
    const group = [...ALICES_GROUPS, 'video:x:20010:alice'];
    const flags = ['-token-claims', 'groups', '-groups-filter', 'dev*,ops', '-groups-prefix', 'unix:'];
    const { scene, daemon } = await serving(t, group, [...flags, '-identity-cache-ttl', '0']);
    const { token, messages, claims } = await issuedBy(daemon);
    assert.deepEqual([claims['groups'], messages], [['developers'], []]);
    assert.deepEqual((await daemon.review(token)).review.status.user?.groups, ['unix:developers']);

    scene.groups(['alice:x:20001:', 'developers:x:20002:', 'ops:x:20003:alice']);
    await until(async () => {
      const { groups = [] } = (await daemon.review(token)).review.status.user ?? {};
      return groups.join() === 'unix:ops';
    });
    assert.deepEqual((await issuedBy(daemon)).claims['groups'], ['ops']);
    assert.deepEqual(curtailments(scene), []);
  });

  it('leaves them out of a token that they would make too long, with a line in the audit log and a message', async (t) => {
    const { scene, daemon } = await serving(t, many(500, 32), ['-token-claims', 'groups']);
    const { token, messages, claims, inHeader } = await issuedBy(daemon);
    assert.equal('groups' in claims, false);
    assert.match(messages.join(), /^Your groups are not in this token: /);
    assert(inHeader);
    const lines = auditLines(scene).slice(-2);
    assert.deepEqual(
      lines.map(({ event, user, jti, groups }) => [event, user, jti, groups]),
      [
        ['token.curtailed', 'alice', claims.jti, 'too long'],
        ['token.issued', 'alice', claims.jti, undefined],
      ],
    );
    assert.equal((await daemon.review(token)).review.status.user?.groups.length, 502);
  });

  it('has a long token in the body alone: clients and proxies take no such header', async (t) => {
    const { daemon } = await serving(t, many(250, 32), ['-token-claims', 'groups']);
    const { token, claims, inHeader } = await issuedBy(daemon);
    assert.equal(claims['groups'].length, 252);
    assert(token.length > 8 * 1024 && token.length <= 16 * 1024);
    assert.equal(inHeader, false);
    assert.equal((await daemon.review(token)).review.status.authenticated, true);
    const plain = await daemon.login('alice', 'secret');
    assert.deepEqual([plain.status, plain.headers.authorization, plain.body.length > 8 * 1024], [200, undefined, true]);
  });

  it('is off by default', async (t) => {
    const { daemon } = await serving(t, ALICES_GROUPS, []);
    assert.equal('groups' in (await issuedBy(daemon)).claims, false);
  });
});
