/** The short memory of what the account phase said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnavailableError } from '#src/errors.js';
import { MAX_ACCOUNTS, rememberAccounts } from '#src/token/account-allowed.js';

const failure = new UnavailableError('ERR_PAM_UNAVAILABLE', 'PAM could not tell');

function setUp(ttl = 30_000) {
  const pam = {
    now: 0,
    asked: [] as string[],
    /** What PAM says next. */
    answer: (): Promise<boolean> => Promise.resolve(true),
  };
  const ask = (username: string) => {
    pam.asked.push(username);
    return pam.answer();
  };
  return Object.assign(pam, { allowed: rememberAccounts(ask, { ttl, now: () => pam.now }) });
}

for (const answer of [true, false]) {
  test(`a ${answer ? 'yes' : 'no'} serves until it is ttl old, then PAM is asked again`, async () => {
    const made = setUp();
    made.answer = () => Promise.resolve(answer);
    assert.equal(await made.allowed('alice'), answer);
    made.answer = () => Promise.resolve(!answer);
    made.now += 29_999;
    assert.equal(await made.allowed('alice'), answer);
    made.now += 1;
    assert.equal(await made.allowed('alice'), !answer);
    assert.equal(made.asked.length, 2);
  });
}

test('an answer is as old as its question, so that a slow one serves no longer', async () => {
  const made = setUp();
  made.answer = () => {
    made.now += 20_000;
    return Promise.resolve(true);
  };
  await made.allowed('alice');
  made.now += 10_000;
  await made.allowed('alice');
  assert.equal(made.asked.length, 2);
});

test('a failure is not kept, and no old answer serves in its place', async () => {
  const made = setUp();
  await made.allowed('alice');
  made.now += 30_000;
  made.answer = () => Promise.reject(failure);
  await assert.rejects(made.allowed('alice'), failure);
  await assert.rejects(made.allowed('alice'), failure);
  made.answer = () => Promise.resolve(false);
  assert.equal(await made.allowed('alice'), false);
  assert.equal(made.asked.length, 4);
});

test('simultaneous questions about one account are one, about two accounts two', async () => {
  const made = setUp();
  const answers = await Promise.all(['alice', 'alice', 'bob', 'alice'].map(made.allowed));
  assert.deepEqual(answers, [true, true, true, true]);
  assert.deepEqual(made.asked, ['alice', 'bob']);
});

test('simultaneous questions fail together, and the next asks again', async () => {
  const made = setUp();
  made.answer = () => Promise.reject(failure);
  const ends = await Promise.allSettled([made.allowed('alice'), made.allowed('alice')]);
  assert.deepEqual(
    ends.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.equal(made.asked.length, 1);
  made.answer = () => Promise.resolve(true);
  assert.equal(await made.allowed('alice'), true);
});

test('no more than 10,000 accounts are kept, the least recently asked for goes first', async () => {
  const made = setUp();
  assert.equal(MAX_ACCOUNTS, 10_000);
  for (let n = 0; n <= MAX_ACCOUNTS; n += 1) await made.allowed(`user ${n}`);
  await made.allowed('user 1');
  assert.equal(made.asked.length, MAX_ACCOUNTS + 1);
  await made.allowed('user 0');
  assert.equal(made.asked.length, MAX_ACCOUNTS + 2);
});
