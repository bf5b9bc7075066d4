import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { inCommon } from '../harness/in-common.js';
import { compile } from './compile.js';
import { ALICE, auditLines, setScene, startDaemon, until } from './daemon-harness.js';

async function tokenOf(daemon: Awaited<ReturnType<typeof startDaemon>>, user = 'alice'): Promise<string> {
  const { status, body } = await daemon.login(user, 'secret');
  assert.equal(status, 200);
  return body.trim();
}

/** As it comes, for those who only ask it. */
const plain = inCommon(async (t) => startDaemon(t, await setScene(t)));

/** A scene whose user lookups can be made to fail or hang. */
async function setFragileScene(t: TestContext) {
  const scene = await setScene(t);
  const fault = join(scene.dir, 'fault');
  writeFileSync(fault, '');
  const preload = `${compile('failing-nss', scene.dir, ['-ldl'])}:${scene.env['LD_PRELOAD']}`;
  const env = { ...scene.env, LD_PRELOAD: preload, NSS_WRAPPER_FAULT: fault };
  return { scene: { ...scene, env }, nss: (state: '' | 'fail' | 'hang') => writeFileSync(fault, state) };
}

describe('a review', () => {
  it('answers in the version it was asked in', async () => {
    const daemon = await plain();
    const token = await tokenOf(daemon);
    for (const version of ['v1', 'v1beta1']) {
      const { review } = await daemon.review(token, { version });
      assert.equal(review.apiVersion, `authentication.k8s.io/${version}`);
      assert.equal(review.kind, 'TokenReview');
      assert.equal(review.status.authenticated, true);
      assert.match(review.status.user?.extra['authentication.kubernetes.io/credential-id']?.[0] ?? '', /^JTI=/);
    }
  });

  it('says no without an error to a token that is not ours', async (t) => {
    const [ours, other] = [await plain(), await startDaemon(t, await setScene(t, { ownKeys: true }))];
    const { status, review } = await ours.review(await tokenOf(other));
    assert.equal(status, 200);
    assert.deepEqual(review.status, { authenticated: false });
    assert.deepEqual((await ours.review('garbage')).review.status, { authenticated: false });
  });

  it('sees group changes and removed accounts when the cache ends', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, ['-identity-cache-ttl', '1s']);
    const token = await tokenOf(daemon);
    assert.deepEqual((await daemon.review(token)).review.status.user?.groups.sort(), ['alice', 'developers']);
    scene.groups(['alice:x:20001:', 'operators:x:20003:alice']);
    await until(async () => (await daemon.review(token)).review.status.user?.groups.includes('operators') === true);
    assert.deepEqual((await daemon.review(token)).review.status.user?.groups.sort(), ['alice', 'operators']);
    scene.users([]);
    await until(async () => !(await daemon.review(token)).review.status.authenticated);
  });

  it('says no when the account was made again under another uid', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, ['-identity-cache-ttl', '0s']);
    const token = await tokenOf(daemon);
    scene.users([ALICE.replace('20001', '20099')]);
    assert.deepEqual((await daemon.review(token)).review.status, { authenticated: false });
  });

  it('gives 300 groups, leaves a nameless gid out, and knows the largest uid', async (t) => {
    const many = Array.from({ length: 300 }, (_, index) => `group ${index}:x:${30000 + index}:alice`);
    const scene = await setScene(t, {
      passwd: [`alice:x:4294967294:29999::/:/bin/sh`],
      group: many,
    });
    const daemon = await startDaemon(t, scene);
    const { review } = await daemon.review(await tokenOf(daemon));
    assert.equal(review.status.user?.uid, '4294967294');
    assert.equal(review.status.user?.groups.filter((name) => name.startsWith('group ')).length, 300);
    assert.equal(
      review.status.user?.groups.some((name) => name.includes('29999')),
      false,
    );
  });

  it('is a could-not-check, never a no, while the user database fails; and recovers', async (t) => {
    const { scene, nss } = await setFragileScene(t);
    const daemon = await startDaemon(t, scene, ['-identity-stale-for', '0s', '-identity-cache-ttl', '0s']);
    const token = await tokenOf(daemon);
    nss('fail');
    const { status, review } = await daemon.review(token);
    assert.equal(status, 500);
    assert.equal(review.status.authenticated, false);
    assert.match(review.status.error ?? '', /\w/);
    nss('');
    assert.equal((await daemon.review(token)).review.status.authenticated, true);
  });

  it('is served from a recent identity while the user database fails, as long as configured', async (t) => {
    const { scene, nss } = await setFragileScene(t);
    const daemon = await startDaemon(t, scene, ['-identity-stale-for', '5m', '-identity-cache-ttl', '0s']);
    const token = await tokenOf(daemon);
    await daemon.review(token);
    nss('fail');
    assert.equal((await daemon.review(token)).review.status.authenticated, true);
  });

  it('that hangs in the user database holds up neither the heartbeat nor the end', async (t) => {
    const { scene, nss } = await setFragileScene(t);
    const daemon = await startDaemon(t, scene, ['-identity-cache-ttl', '0s', '-shutdown-grace-period', '1s']);
    const token = await tokenOf(daemon);
    nss('hang');
    const reviews = Array.from({ length: 20 }, () => daemon.review(token).catch(() => undefined));
    assert.equal((await daemon.ask('/heartbeat')).status, 200);
    assert.equal((await daemon.stop()).code, 0);
    await Promise.all(reviews);
  });

  it('that is refused is counted in the audit log, without the token', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene);
    for (let count = 0; count < 3; count += 1) await daemon.review('no-token-of-ours');
    await daemon.stop();
    const line = auditLines(scene).find(({ event }) => event === 'review.refused');
    assert.equal(line?.['count'], 3);
    assert.equal(line?.['reason'], 'malformed');
    assert.equal(line?.['source'], '127.0.0.1');
    assert.doesNotMatch(JSON.stringify(auditLines(scene)), /no-token-of-ours/);
  });

  it('serves an account whose groups are those given', async () => {
    const daemon = await plain();
    const { review } = await daemon.review(await tokenOf(daemon), { audiences: ['https://kubernetes.default.svc'] });
    assert.equal(review.status.authenticated, true);
    assert.equal(review.status.audiences, undefined);
  });
});
