import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { compile } from './compile.js';
import { ALICE, auditLines, type Daemon, MATRIX_SERVICE, setScene, startDaemon, until } from './daemon-harness.js';

const HOUR = 3600;

/** A daemon whose time of day can be set while it runs. */
async function startWithClock(t: TestContext) {
  const scene = await setScene(t, { passwd: [ALICE, 'hang:x:20050:20001::/:/bin/sh'] });
  const hangs = join(scene.dir, 'hangs');
  scene.service([`auth optional ${compile('pam_trouble', scene.dir, ['-lpam'])} ${hangs}`, ...MATRIX_SERVICE]);
  const file = join(scene.dir, 'offset');
  writeFileSync(file, Buffer.alloc(8));
  const clock = compile('shifted_clock', scene.dir, [`-DOFFSET_FILE="${file}"`]);
  const env = { LD_PRELOAD: `${clock}:${scene.env['LD_PRELOAD']}` };
  const daemon = await startDaemon(t, scene, ['-pam-timeout', '5s', '-identity-cache-ttl', '200ms'], env);
  /** In place: the processes have the file mapped. */
  const shift = (seconds: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    const fd = openSync(file, 'r+');
    writeSync(fd, bytes);
    closeSync(fd);
  };
  return { scene, daemon, shift, hangs: () => existsSync(hangs) };
}

async function tokenOf(daemon: Daemon): Promise<string> {
  const { status, body } = await daemon.login('alice', 'secret');
  assert.equal(status, 200);
  return body.trim();
}

async function isGood(daemon: Daemon, token: string): Promise<boolean> {
  const { status, review } = await daemon.review(token);
  assert.equal(status, 200);
  assert.equal(review.status.error, undefined);
  return review.status.authenticated;
}

function issuedAt(token: string): number {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).iat;
}

for (const { name, jump, reason } of [
  { name: 'forward', jump: HOUR, reason: 'expired' },
  { name: 'back', jump: -HOUR, reason: 'not yet valid' },
]) {
  describe(`a clock that jumps an hour ${name}`, { concurrency: true }, () => {
    it(`makes tokens from before ${reason}, new ones good, and is over when it is right again`, async (t) => {
      const { scene, daemon, shift } = await startWithClock(t);
      const before = await tokenOf(daemon);
      assert.equal(await isGood(daemon, before), true);
      const processes = [...daemon.children('front'), ...daemon.children('worker')];
      shift(jump);
      assert.equal(await isGood(daemon, before), false);
      const during = await tokenOf(daemon);
      assert.ok(Math.abs(issuedAt(during) - issuedAt(before) - jump) < HOUR / 2);
      assert.equal(await isGood(daemon, during), true);
      shift(0);
      assert.equal(await isGood(daemon, before), true);
      assert.equal(await isGood(daemon, await tokenOf(daemon)), true);
      assert.deepEqual([...daemon.children('front'), ...daemon.children('worker')], processes);
      await daemon.stop();
      assert.equal(auditLines(scene).find(({ event }) => event === 'review.refused')?.['reason'], reason);
    });

    it('moves no time-out, delay or cache', async (t) => {
      const { scene, daemon, shift, hangs } = await startWithClock(t);
      const token = await tokenOf(daemon);
      const hanging = daemon.login('hang', 'x');
      const refused = daemon.login('alice', 'wrong');
      await until(hangs);
      shift(jump);
      assert.equal((await hanging).status, 503);
      assert.equal((await refused).status, 401);
      shift(0);
      await daemon.review(token);
      shift(jump);
      const fresh = await tokenOf(daemon);
      scene.groups(['alice:x:20001:', 'operators:x:20003:alice']);
      await until(async () => (await daemon.review(fresh)).review.status.user?.groups.includes('operators') === true);
      assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
    });
  });
}
