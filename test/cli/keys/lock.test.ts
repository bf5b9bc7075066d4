import assert from 'node:assert/strict';
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { LOCK, STALE_AFTER, withLock } from '#src/cli/keys/lock.js';
import { scratchDirectory } from '../../harness/scratch.js';
import { es256 } from '../../keys/generated-keys.js';
import { MINUTE, Turning } from './turning.js';

function lockOfAge(dir: string, age: number): void {
  writeFileSync(join(dir, LOCK), '');
  const time = (Date.now() - age) / 1000;
  utimesSync(join(dir, LOCK), time, time);
}

describe('withLock()', () => {
  it('lets one in at a time, and is gone afterwards', async (t) => {
    const dir = scratchDirectory(t);
    const result = await withLock(dir, async () => {
      await assert.rejects(
        withLock(dir, async () => 2),
        /another pamhook keys rotate is at work/,
      );
      return 1;
    });
    assert.equal(result, 1);
    assert.deepEqual(readdirSync(dir), []);
  });

  it('is gone when the work failed', async (t) => {
    const dir = scratchDirectory(t);
    await assert.rejects(
      withLock(dir, async () => {
        throw new Error('broken');
      }),
      /broken/,
    );
    assert.deepEqual(readdirSync(dir), []);
  });

  it('respects a lock of 4 minutes, and takes one of 5 for left behind', async (t) => {
    const dir = scratchDirectory(t);
    lockOfAge(dir, STALE_AFTER - MINUTE);
    await assert.rejects(
      withLock(dir, async () => 1),
      /at work/,
    );
    assert.ok(existsSync(join(dir, LOCK)));
    lockOfAge(dir, STALE_AFTER);
    assert.equal(await withLock(dir, async () => 1), 1);
    assert.deepEqual(readdirSync(dir), []);
  });

  it('lets one of many take over a lock that was left behind', async (t) => {
    const dir = scratchDirectory(t);
    lockOfAge(dir, 2 * STALE_AFTER);
    let inside = 0;
    let most = 0;
    const attempts = Array.from({ length: 20 }, () =>
      withLock(dir, async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
      }),
    );
    const results = await Promise.allSettled(attempts);
    assert.ok(results.some(({ status }) => status === 'fulfilled'));
    assert.equal(most, 1);
    assert.deepEqual(readdirSync(dir), []);
  });
});

describe('two calls of keys rotate at once', () => {
  it('make one key, and the other says so with exit code 1', async (t) => {
    const keys = new Turning(t, es256.contents);
    const ran = await Promise.all([keys.keys('rotate'), keys.keys('rotate')]);
    assert.deepEqual(ran.map(({ code }) => code).sort(), [0, 1]);
    assert.match(
      ran.map(({ stderr }) => stderr).join(''),
      /^pamhook keys: another pamhook keys rotate is at work .*\n$/,
    );
    assert.equal(readdirSync(keys.path('next')).length, 1);
  });
});
