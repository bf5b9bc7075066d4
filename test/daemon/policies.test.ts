import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ALICE,
  ALICES_GROUPS,
  type Answer,
  auditLines,
  type Daemon,
  run,
  setScene,
  startDaemon,
  until,
} from './daemon-harness.js';

const BOB = 'bob:x:20005:20005:Bob:/nonexistent:/bin/sh';
const PEOPLE = {
  passwords: { alice: 'secret', bob: 'secret' },
  passwd: [ALICE, BOB],
  group: [...ALICES_GROUPS, 'bob:x:20005:'],
};

async function tokenOf(daemon: Daemon, user = 'alice'): Promise<string> {
  const { status, body } = await daemon.login(user, 'secret');
  assert.equal(status, 200, body);
  return body.trim();
}

async function userOf(daemon: Daemon, token: string) {
  const { username, groups } = (await daemon.review(token)).review.status.user ?? assert.fail('the answer was no');
  return { username, groups: [...groups].sort() };
}

function assertDenied({ status, body }: Answer): void {
  assert.deepEqual([status, body], [401, 'Authentication failure: access denied']);
}

describe('allow-groups', () => {
  it('lets members of a group in; others are told after the right password, and the audit log why', async (t) => {
    const scene = await setScene(t, PEOPLE);
    const daemon = await startDaemon(t, scene, ['-allow-groups', 'operators,developers']);
    assert.deepEqual((await userOf(daemon, await tokenOf(daemon))).groups, ['alice', 'developers']);
    assertDenied(await daemon.login('bob', 'secret'));
    const { event, user, reason, denial } = auditLines(scene).at(-1) ?? {};
    assert.deepEqual(
      { event, user, reason, denial },
      { event: 'token.refused', user: 'bob', reason: 'access denied', denial: 'not in allow-groups' },
    );
    assert.equal((await daemon.login('bob', 'wrong')).body, 'Authentication failure');
    assert.equal(auditLines(scene).at(-1)?.['denial'], undefined);
  });

  it('turns a token into a no when its account has left the group, and the identity cache has ended', async (t) => {
    const scene = await setScene(t, PEOPLE);
    const daemon = await startDaemon(t, scene, ['-allow-groups', 'developers', '-identity-cache-ttl', '1s']);
    const token = await tokenOf(daemon);
    assert.equal((await daemon.review(token)).review.status.authenticated, true);
    scene.groups(['alice:x:20001:', 'developers:x:20002:']);
    await until(async () => !(await daemon.review(token)).review.status.authenticated);
    assert.deepEqual((await daemon.review(token)).review.status, { authenticated: false });
    assertDenied(await daemon.login('alice', 'secret'));
    await daemon.stop();
    const reasons = auditLines(scene).flatMap(({ event, reason }) => (event === 'review.refused' ? [reason] : []));
    assert.deepEqual(reasons, ['not in allow-groups']);
  });

  it('warns at the start of groups that are not there, and serves', async (t) => {
    const daemon = await startDaemon(t, await setScene(t), ['-allow-groups', 'developers,developpers']);
    await daemon.logged('"group":"developpers"');
    assert.doesNotMatch(daemon.stderr(), /"group":"developers"/);
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
  });
});

describe('min-uid', () => {
  it('keeps lower uids out, at issue and at review', async (t) => {
    const scene = await setScene(t, PEOPLE);
    const lax = await startDaemon(t, scene);
    const daemon = await startDaemon(t, scene, ['-min-uid', '20002']);
    assertDenied(await daemon.login('alice', 'secret'));
    assert.equal(auditLines(scene).at(-1)?.['denial'], 'uid below min-uid');
    assert.equal((await userOf(daemon, await tokenOf(daemon, 'bob'))).username, 'bob');
    assert.deepEqual((await daemon.review(await tokenOf(lax))).review.status, { authenticated: false });
  });
});

describe('prefixes and groups-filter', () => {
  it('stand in reviews, not in tokens', async (t) => {
    const scene = await setScene(t);
    const flags = ['-username-prefix', 'unix:', '-groups-prefix', 'g:', '-allow-groups', 'alice'];
    const daemon = await startDaemon(t, scene, flags);
    const answer = await daemon.login('alice', 'secret', { headers: { accept: 'application/json' } });
    const { token, username } = JSON.parse(answer.body);
    const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
    assert.deepEqual([username, claims.username, claims.sub], ['alice', 'alice', 'alice']);
    assert.deepEqual(await userOf(daemon, token), { username: 'unix:alice', groups: ['g:alice', 'g:developers'] });
  });

  it('pass on the groups that a glob stands for; that may be none', async (t) => {
    const scene = await setScene(t, {
      group: [
        'alice:x:20001:',
        ...['k8s-ops', 'k8s-', 'ops', 'dev1', 'dev12'].map((name, n) => `${name}:x:${20_010 + n}:alice`),
      ],
    });
    const some = await startDaemon(t, scene, ['-groups-filter', 'k8s-*,dev?']);
    const token = await tokenOf(some);
    assert.deepEqual((await userOf(some, token)).groups, ['dev1', 'k8s-', 'k8s-ops']);
    const none = await startDaemon(t, scene, ['-groups-filter=']);
    assert.deepEqual(await userOf(none, token), { username: 'alice', groups: [] });
  });

  for (const flag of ['-username-prefix', '-groups-prefix']) {
    it(`end the start with 2 when ${flag} could make a name reserved`, async (t) => {
      const scene = await setScene(t);
      for (const prefix of ['system:', 'sys']) {
        const { code, stderr } = await run(['serve', ...scene.flags, flag, prefix], scene.env);
        assert.equal(code, 2);
        assert.match(stderr, new RegExp(`^pamhook serve: flag ${flag} must be a prefix .*, not "${prefix}"`, 'm'));
      }
    });
  }
});
