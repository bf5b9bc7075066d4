/** How long an identity source is waited for, and what happens to those who ask while it hangs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Identity } from '#src/identity/identity.js';
import { withTimeout } from '#src/identity/timeout.js';

const LATE = { code: 'ERR_NSS_TIMEOUT', message: 'the user database did not answer in 5 s' };
const identity = (username: string): Identity => ({ username, uid: '1', groups: [] });

/** A source whose answers are given by hand, and a clock that is turned by hand. */
function fixture() {
  const asked: string[] = [];
  const pending: { resolve(found: Identity | undefined): void; reject(error: Error): void }[] = [];
  const timers = new Set<() => void>();
  const source = {
    find(username: string) {
      asked.push(username);
      return new Promise<Identity | undefined>((resolve, reject) => pending.push({ resolve, reject }));
    },
  };
  const bounded = withTimeout(source, {
    timeout: 5000,
    setTimer(callback, milliseconds) {
      assert.equal(milliseconds, 5000);
      timers.add(callback);
      return () => timers.delete(callback);
    },
  });
  const expire = () => {
    for (const callback of timers) callback();
    timers.clear();
  };
  return { asked, pending, timers, bounded, expire };
}

test('an answer in time is passed on, failures and misses too, and no timer stays', async () => {
  const { bounded, pending, timers } = fixture();
  const failure = new Error('down');
  const answers = [bounded.find('alice'), bounded.find('bob'), bounded.find('carol')];
  pending[0]?.resolve(identity('alice'));
  pending[1]?.resolve(undefined);
  pending[2]?.reject(failure);
  assert.deepEqual(await answers[0], identity('alice'));
  assert.equal(await answers[1], undefined);
  await assert.rejects(answers[2] ?? assert.fail(), failure);
  assert.equal(timers.size, 0);
});

test('a late answer is a failure, and while its lookup goes on the user is not asked for again', async () => {
  const { bounded, asked, expire } = fixture();
  const slow = bounded.find('alice');
  expire();
  await assert.rejects(slow, LATE);
  for (let count = 0; count < 3; count += 1) await assert.rejects(bounded.find('alice'), LATE);
  assert.deepEqual(asked, ['alice']);
});

test('other users are asked for while one lookup hangs', async () => {
  const { bounded, pending, expire } = fixture();
  const slow = bounded.find('alice');
  expire();
  await assert.rejects(slow, LATE);
  const other = bounded.find('bob');
  pending[1]?.resolve(identity('bob'));
  assert.deepEqual(await other, identity('bob'));
});

for (const how of ['answers', 'fails'] as const) {
  test(`when the hung lookup ${how} after all the user is asked for again`, async () => {
    const { bounded, pending, expire, asked } = fixture();
    const slow = bounded.find('alice');
    expire();
    await assert.rejects(slow, LATE);
    if (how === 'answers') pending[0]?.resolve(identity('alice'));
    else pending[0]?.reject(new Error('down'));
    await new Promise(setImmediate);
    const again = bounded.find('alice');
    pending[1]?.resolve(identity('alice'));
    assert.deepEqual(await again, identity('alice'));
    assert.equal(asked.length, 2);
  });
}

test('a source that throws at once is asked again the next time', async () => {
  const failure = new Error('down');
  const bounded = withTimeout(
    {
      find: () => {
        throw failure;
      },
    },
    { timeout: 5000 },
  );
  await assert.rejects(bounded.find('alice'), failure);
  await assert.rejects(bounded.find('alice'), failure);
});
