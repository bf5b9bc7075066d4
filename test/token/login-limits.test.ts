import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  type AttemptOutcome,
  type Capacity,
  createLoginLimits,
  defaultCapacity,
  type LimitRule,
  type LoginLimits,
  unlimited,
} from '#src/token/login-limits.js';
import { fc } from '../harness/property.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const RULE: LimitRule = {
  freeFailures: 5,
  maxWait: 15 * SECOND,
  failuresPerHour: 100,
  sourceFreeFailures: 100,
  sourceFailuresPerHour: 1_000,
};
const NO_WAITS = { freeFailures: 1e6, sourceFreeFailures: 1e6 };

/** Limits with a clock in the hands of the test. */
function setUp(rule: Partial<LimitRule> = {}, capacity: Capacity = defaultCapacity) {
  let time = 5_000;
  const limits = createLoginLimits({ rule: { ...RULE, ...rule }, now: () => time, capacity });
  const pass = (milliseconds: number) => {
    time += milliseconds;
  };
  return { limits, pass, ...triesOf(limits) };
}

function triesOf(limits: LoginLimits) {
  /** 0: it was admitted, and ended so; else the milliseconds to wait. */
  function attempt(account: string, source: string, outcome: AttemptOutcome = 'failed'): number {
    const admission = limits.admit({ account, source });
    if (!admission.admitted) return admission.retryAfter;
    admission.settle(outcome);
    return 0;
  }
  function times(count: number, account: string, source: string, outcome?: AttemptOutcome): number[] {
    return Array.from({ length: count }, () => attempt(account, source, outcome));
  }
  return { attempt, times };
}

/** Bytes, with nothing in them that is garbage. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

const none = (count: number): number[] => Array(count).fill(0);

/** Tries whenever it may; how many attempts were admitted until `duration` is over. */
function triesWithin(duration: number, { attempt, pass }: ReturnType<typeof setUp>, accounts: (n: number) => string) {
  let admitted = 0;
  for (let passed = 0; passed < duration; ) {
    const wait = attempt(accounts(admitted), 'a');
    if (wait === 0) admitted += 1;
    pass(wait);
    passed += wait;
  }
  return admitted;
}

describe('failed logins of one account from one source', () => {
  it('cost nothing five times, then a wait of one second that doubles up to fifteen', () => {
    const { attempt, times, pass } = setUp();
    assert.deepEqual(times(5, 'alice', 'a'), none(5));
    for (const wait of [1, 2, 4, 8, 15, 15]) {
      assert.equal(attempt('alice', 'a'), wait * SECOND);
      pass(wait * SECOND - 1);
      assert.equal(attempt('alice', 'a'), 1);
      pass(1);
      assert.equal(attempt('alice', 'a'), 0);
    }
  });

  it('wait no longer for what was tried during the wait', () => {
    const { attempt, times } = setUp();
    times(5, 'alice', 'a');
    assert.deepEqual(times(50, 'alice', 'a'), Array(50).fill(SECOND));
    assert.equal(attempt('alice', 'a'), SECOND);
  });

  it('are a hundred at most in any hour', () => {
    const all = setUp();
    assert.ok(triesWithin(HOUR, all, () => 'alice') <= 100);
    const { attempt, times, pass } = setUp(NO_WAITS);
    assert.deepEqual(times(40, 'alice', 'a'), none(40));
    pass(HOUR / 2);
    assert.deepEqual(times(60, 'alice', 'a'), none(60));
    assert.equal(attempt('alice', 'a'), HOUR / 2);
    pass(HOUR / 2);
    assert.deepEqual(times(40, 'alice', 'a'), none(40));
    assert.equal(attempt('alice', 'a'), HOUR / 2);
  });

  it('are a hundred at most in any hour, however they are spread', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(HOUR / 30), { minLength: 200, maxLength: 400 }), (pauses) => {
        const { attempt, pass } = setUp({ ...NO_WAITS, failuresPerHour: 10 });
        const admitted: number[] = [];
        let time = 0;
        for (const pause of pauses) {
          pass(pause);
          time += pause;
          if (attempt('alice', 'a') === 0) admitted.push(time);
        }
        admitted.forEach((began, index) => {
          assert.ok((admitted[index + 10] ?? Number.POSITIVE_INFINITY) >= began + HOUR);
        });
      }),
      { numRuns: 50 },
    );
  });

  it('are forgotten an hour later, all but those within it', () => {
    const { attempt, times, pass } = setUp();
    times(5, 'alice', 'a');
    pass(HOUR - 1);
    assert.deepEqual(times(2, 'alice', 'a'), [0, 2 * SECOND]);
    pass(1);
    assert.deepEqual(times(4, 'alice', 'a'), none(4));
    assert.equal(attempt('alice', 'a'), SECOND);
  });

  it('hinder neither another account from there nor the account from elsewhere', () => {
    const { attempt, times } = setUp();
    times(5, 'alice', 'a');
    assert.equal(attempt('alice', 'a'), SECOND);
    assert.equal(attempt('bob', 'a'), 0);
    assert.equal(attempt('alice', 'b'), 0);
  });

  it('from a thousand sources hinder no other source', () => {
    const { attempt, times } = setUp();
    for (let source = 0; source < 1_000; source++) times(10, 'alice', `${source}`);
    assert.deepEqual(times(5, 'alice', 'home'), none(5));
    assert.equal(attempt('alice', 'home'), SECOND);
  });
});

describe('failed logins of many accounts from one source', () => {
  it('cost nothing a hundred times, then the same waits, for every account', () => {
    const { attempt, pass } = setUp();
    for (let account = 0; account < 100; account++) assert.equal(attempt(`${account}`, 'a'), 0);
    for (const wait of [1, 2, 4, 8, 15, 15]) {
      assert.equal(attempt(`new-${wait}`, 'a'), wait * SECOND);
      pass(wait * SECOND);
      assert.equal(attempt(`new-${wait}`, 'a'), 0);
    }
    assert.equal(attempt('alice', 'b'), 0);
  });

  it('are a thousand at most in an hour', () => {
    const { attempt, pass } = setUp(NO_WAITS);
    for (let account = 0; account < 1_000; account++) assert.equal(attempt(`${account}`, 'a'), 0);
    pass(60 * SECOND);
    assert.equal(attempt('one-more', 'a'), HOUR - 60 * SECOND);
    assert.equal(attempt('one-more', 'b'), 0);
    pass(HOUR - 60 * SECOND);
    assert.equal(attempt('one-more', 'a'), 0);
  });

  it('are some 340 in an hour when each waits as long as it must', () => {
    const tries = triesWithin(HOUR, setUp(), (n) => `${n}`);
    assert.ok(tries > 300 && tries < 350, `${tries}`);
  });

  it('do not wipe out what one of them has used up', () => {
    const { attempt, times } = setUp();
    times(5, 'alice', 'a');
    for (let account = 0; account < 95; account++) assert.equal(attempt(`${account}`, 'a'), 0);
    assert.equal(attempt('alice', 'a'), SECOND);
    for (let account = 0; account < 10_000; account++) attempt(`more-${account}`, 'a');
    assert.equal(attempt('alice', 'a'), SECOND);
  });
});

describe('an attempt', () => {
  it('counts from its admission, so that guesses made side by side are no more than those made in turn', () => {
    const { limits } = setUp();
    const side = Array.from({ length: 128 }, () => limits.admit({ account: 'alice', source: 'a' }));
    assert.equal(side.filter(({ admitted }) => admitted).length, 5);
    const accounts = Array.from({ length: 500 }, (_, index) => limits.admit({ account: `${index}`, source: 'b' }));
    assert.equal(accounts.filter(({ admitted }) => admitted).length, 100);
  });

  it('that succeeds or says nothing of the password is given back', () => {
    for (const outcome of ['succeeded', 'neutral'] as const) {
      const { attempt, times } = setUp();
      assert.deepEqual(times(1_000, 'alice', 'a', outcome), none(1_000));
      assert.deepEqual(times(5, 'alice', 'a'), none(5));
      assert.equal(attempt('alice', 'a'), SECOND);
    }
  });

  it('that says nothing of the password clears nothing, and the wait is again what it was', () => {
    const { attempt, times, pass } = setUp();
    times(5, 'alice', 'a');
    pass(SECOND);
    assert.deepEqual(times(100, 'alice', 'a', 'neutral'), none(100));
    assert.deepEqual(times(2, 'alice', 'a'), [0, 2 * SECOND]);
    assert.deepEqual(times(1, 'alice', 'a', 'neutral'), [2 * SECOND]);
    assert.equal(attempt('bob', 'a'), 0);
  });

  it('that succeeds clears the account there, and nothing else', () => {
    const { attempt, times, pass } = setUp();
    times(5, 'alice', 'a');
    times(5, 'alice', 'b');
    times(5, 'bob', 'a');
    pass(SECOND);
    assert.equal(attempt('alice', 'a', 'succeeded'), 0);
    assert.deepEqual(times(5, 'alice', 'a'), none(5));
    pass(SECOND - 1);
    assert.equal(attempt('alice', 'a'), 1);
    assert.deepEqual(times(2, 'bob', 'a'), [0, 2 * SECOND]);
    assert.deepEqual(times(2, 'alice', 'b'), [0, 2 * SECOND]);
  });

  it('that succeeds gives the source back its own count alone: an account of one’s own buys no guesses', () => {
    const { attempt } = setUp();
    let guesses = 0;
    for (let turn = 0; turn < 1_000; turn++) {
      if (attempt(`victim-${turn}`, 'a') === 0) guesses += 1;
      attempt('mallory', 'a', 'succeeded');
    }
    assert.equal(guesses, 100);
  });

  it('that succeeds after others of its account began clears them too, and they settle as they end', () => {
    const { limits, attempt, times } = setUp({ sourceFreeFailures: 8 });
    const [first, second, third] = Array.from({ length: 3 }, () => limits.admit({ account: 'alice', source: 'a' }));
    assert.ok(first?.admitted && second?.admitted && third?.admitted);
    second.settle('succeeded');
    first.settle('neutral');
    third.settle('failed');
    // One is left, with the source alone.
    assert.deepEqual(times(5, 'alice', 'a'), none(5));
    assert.deepEqual([attempt('bob', 'a'), attempt('bob', 'a')], [0, 0]);
    assert.equal(attempt('carol', 'a'), SECOND);
  });

  it('that was cleared while under way gives back itself, and none that was made at the same instant', () => {
    const { limits, attempt, times } = setUp({ freeFailures: 2 });
    const [first, second] = [1, 2].map(() => limits.admit({ account: 'alice', source: 'A' }));
    assert.ok(first?.admitted && second?.admitted);
    first.settle('succeeded');
    assert.deepEqual(times(2, 'alice', 'A'), [0, 0]);
    second.settle('neutral');
    assert.equal(attempt('alice', 'A'), SECOND);
  });

  it('is always admitted when there are no limits', () => {
    assert.deepEqual(triesOf(unlimited).times(1_000, 'alice', 'a'), none(1_000));
  });
});

describe('what is remembered', () => {
  it('is bounded in sources: the one longest without a counted attempt is forgotten first', () => {
    const { attempt, times, pass } = setUp({}, { sources: 3, attempts: 1_000 });
    for (const source of ['a', 'b', 'c']) times(5, 'alice', source);
    pass(SECOND);
    times(1, 'alice', 'a');
    times(1, 'alice', 'd');
    assert.equal(attempt('alice', 'a'), 2 * SECOND);
    assert.equal(attempt('alice', 'c'), 0);
    assert.deepEqual(times(5, 'alice', 'b'), none(5), 'b was forgotten');
  });

  it('is bounded in attempts', () => {
    const { attempt, times } = setUp({}, { sources: 100, attempts: 20 });
    times(5, 'alice', 'a');
    for (let account = 0; account < 15; account++) attempt(`${account}`, 'b');
    assert.equal(attempt('alice', 'a'), SECOND);
    attempt('another', 'b');
    assert.equal(attempt('alice', 'a'), 0);
  });

  it('takes no room for logins that succeed, however many', () => {
    const { attempt, times } = setUp({}, { sources: 2, attempts: 100 });
    times(5, 'alice', 'a');
    for (let source = 0; source < 1_000; source++) attempt('bob', `${source}`, 'succeeded');
    assert.equal(attempt('alice', 'a'), SECOND);
  });

  it('is let go of after an hour', () => {
    const { attempt, times, pass } = setUp({}, { sources: 1_000, attempts: 10 });
    times(5, 'alice', 'a');
    pass(HOUR);
    times(5, 'alice', 'b');
    times(5, 'bob', 'b');
    assert.equal(attempt('alice', 'b'), SECOND, 'what was over made room');
  });

  it('is let go of with its memory, when the next failure comes', () => {
    const { attempt, pass } = setUp();
    const before = heapInUse();
    for (let source = 0; source < 20_000; source++) attempt('alice', `${source}`);
    const full = heapInUse();
    assert.ok(full - before > 2_000_000, `${full - before} bytes`);
    pass(HOUR);
    attempt('alice', 'a');
    assert.ok(heapInUse() - before < (full - before) / 2);
  });

  it('of a source forgotten meanwhile is not changed by what was under way', () => {
    const { limits, attempt, times } = setUp({}, { sources: 1, attempts: 100 });
    const admission = limits.admit({ account: 'alice', source: 'a' });
    attempt('bob', 'b');
    times(5, 'alice', 'a');
    assert.ok(admission.admitted);
    admission.settle('succeeded');
    assert.equal(attempt('alice', 'a'), SECOND);
  });
});
