/** Keys that turn under a daemon, and `pamhook verify` beside it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Daemon, run, type Scene, setScene, startDaemon, until } from './daemon-harness.js';

async function tokenOf(daemon: Daemon): Promise<string> {
  const { status, body } = await daemon.login('alice', 'secret');
  assert.equal(status, 200);
  return body.trim();
}

const kidOf = (token: string): string => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;

function rotate({ dir, env }: Scene) {
  return run(['keys', 'rotate', '--dir', join(dir, 'tls'), '--publish-for', '1s'], env);
}

describe('a daemon pointed at a directory of keys', () => {
  it('signs with the next key when it is promoted, and verifies what it signed before', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, ['-verification-key-files', join(scene.dir, 'tls', 'verification')]);
    const before = await tokenOf(daemon);
    assert.match((await rotate(scene)).stdout, /^published /m);
    await until(async () => /^promoted /m.test((await rotate(scene)).stdout));
    await until(async () => kidOf(await tokenOf(daemon)) !== kidOf(before));
    for (const token of [before, await tokenOf(daemon)]) {
      assert.equal((await daemon.review(token)).review.status.authenticated, true);
    }
  });

  it('refuses what was signed with a leaked key when it is started again after --emergency', async (t) => {
    const scene = await setScene(t);
    assert.match((await rotate(scene)).stdout, /^published /m);
    const flags = ['-verification-key-files', join(scene.dir, 'tls', 'verification')];
    const daemon = await startDaemon(t, scene, flags);
    const before = await tokenOf(daemon);
    const { code, stdout } = await run(['keys', 'rotate', '--emergency', '--dir', join(scene.dir, 'tls')], scene.env);
    assert.equal(code, 0);
    assert.match(stdout, /^restart every daemon now: /m);
    await daemon.stop();
    const again = await startDaemon(t, scene, flags);
    const after = await tokenOf(again);
    assert.equal((await again.review(before)).review.status.authenticated, false);
    assert.equal((await again.review(after)).review.status.authenticated, true);
  });
});

describe('pamhook verify beside a daemon', () => {
  it('answers with the same options what the daemon answers', async (t) => {
    const scene = await setScene(t);
    const flags = ['-audience', 'a,b', '-server-name', 'pamhook.example.org'];
    const daemon = await startDaemon(t, scene, flags);
    const token = await tokenOf(daemon);
    for (const audiences of [[], ['b', 'c']]) {
      const { review } = await daemon.review(token, { audiences });
      const { code, stdout } = await run(
        ['verify', token, '--output', 'json', '--audiences', audiences.join(','), ...scene.flags, ...flags],
        scene.env,
      );
      const { answer, user, audiences: shared } = JSON.parse(stdout);
      assert.deepEqual([code, answer], [0, 'yes']);
      assert.deepEqual(user, review.status.user);
      assert.deepEqual(shared, review.status.audiences);
    }
  });
});
