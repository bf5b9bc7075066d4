import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createClient } from '@redis/client';
import { HOUR, probe, rulePart, settle, take, takeSource } from '#src/privsep/count-scripts.js';
import { type AttemptOutcome, createLoginLimits, type LimitRule } from '#src/token/login-limits.js';
import { fc } from '../harness/property.js';
import { startRedis } from '../harness/redis.js';

const RULE: LimitRule = {
  freeFailures: 5,
  maxWait: 15_000,
  failuresPerHour: 100,
  sourceFreeFailures: 100,
  sourceFailuresPerHour: 1_000,
};
const KEYS = ['2', 'account', 'source'];

/** The scripts on a real Redis; with `at`, at a time of the test's choice. */
async function setUp(t: TestContext) {
  const redis = await startRedis(t);
  const client = createClient({ RESP: 2, socket: { path: redis.socket, reconnectStrategy: false } });
  client.on('error', () => {});
  t.after(() => client.destroy());
  await client.connect();
  const atTime = takeSource('local now = tonumber(ARGV[7])');
  let last = 0;
  return {
    client,
    flush: () => client.sendCommand(['FLUSHALL']),
    async take(at: number, { keys = KEYS, rule = RULE, attempt = `${++last}` } = {}): Promise<[number, string]> {
      const wait = await client.sendCommand(['EVAL', atTime, ...keys, attempt, ...rulePart(rule), `${at}`]);
      return [Number(wait), attempt];
    },
    settle: (attempt: string, outcome: AttemptOutcome, keys = KEYS) =>
      outcome === 'failed' ? undefined : client.sendCommand(['EVAL', settle.source, ...keys, attempt, outcome]),
  };
}

const T = 1_800_000_000_000;

const step = fc.record({
  account: fc.nat(2),
  source: fc.nat(1),
  outcome: fc.constantFrom<AttemptOutcome>('failed', 'failed', 'failed', 'succeeded', 'neutral'),
  /** After so many more steps. */
  settleAfter: fc.nat(3),
  pause: fc.oneof(fc.constant(0), fc.nat(3_000), fc.nat(HOUR / 4)),
});

describe('the scripts', () => {
  it('admit, refuse and give back as the limits in the supervisor do', async (t) => {
    const { take: takeAt, settle: settleNow, flush } = await setUp(t);
    const small = fc.record({
      freeFailures: fc.nat(3),
      maxWait: fc.constantFrom(1_000, 3_000, 15_000),
      failuresPerHour: fc.integer({ min: 1, max: 6 }),
      sourceFreeFailures: fc.nat(6),
      sourceFailuresPerHour: fc.integer({ min: 1, max: 9 }),
    });
    const property = fc.asyncProperty(small, fc.array(step, { minLength: 20, maxLength: 40 }), async (rule, steps) => {
      await flush();
      let time = T;
      const limits = createLoginLimits({ rule, now: () => time });
      const later: (() => unknown)[][] = [];
      for (const [index, { account, source, outcome, settleAfter, pause }] of steps.entries()) {
        time += pause;
        for (const end of later[index] ?? []) await end();
        const keys = ['2', `a-${source}-${account}`, `s-${source}`];
        const own = limits.admit({ account: `${account}`, source: `${source}` });
        const [wait, attempt] = await takeAt(time, { keys, rule });
        assert.equal(wait, own.admitted ? 0 : own.retryAfter);
        if (!own.admitted) continue;
        const ends = later[index + settleAfter + 1] ?? [];
        later[index + settleAfter + 1] = ends;
        ends.push(
          () => own.settle(outcome),
          () => settleNow(attempt, outcome, keys),
        );
      }
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('give nothing back twice, and nothing that was not taken', async (t) => {
    const { take: takeAt, settle: settleNow } = await setUp(t);
    const attempts: string[] = [];
    for (let count = 0; count < 5; count++) attempts.push((await takeAt(T))[1]);
    for (let count = 0; count < 3; count++) await settleNow(attempts[0] ?? '', 'neutral');
    await settleNow('never taken', 'neutral');
    assert.deepEqual([(await takeAt(T))[0], (await takeAt(T))[0]], [0, 1_000]);
  });

  it('lock nobody out when the clock is set back, or when another server has another clock', async (t) => {
    const { take: takeAt } = await setUp(t);
    for (let count = 0; count < 6; count++) await takeAt(T + count * 1_000);
    const back = T - 5 * HOUR;
    const [wait] = await takeAt(back);
    assert.ok(wait > 0 && wait <= RULE.maxWait);
    assert.equal((await takeAt(back + wait))[0], 0);
    for (let count = 0; count < 100; count++) await takeAt(T, { rule: { ...RULE, freeFailures: 1e6 } });
    assert.equal((await takeAt(back))[0], HOUR);
  });

  it('keep nothing for longer than an hour, by the clock of Redis', async (t) => {
    const { client } = await setUp(t);
    for (let count = 0; count < 5; count++) {
      const wait = await client.sendCommand(['EVAL', take.source, ...KEYS, `${count}`, ...rulePart(RULE)]);
      assert.equal(wait, 0);
    }
    await client.sendCommand(['EVAL', probe.source, '1', 'probe']);
    const refused = await client.sendCommand(['EVAL', take.source, ...KEYS, 'x', ...rulePart(RULE)]);
    assert.ok(Number(refused) > 0 && Number(refused) <= 1_000);
    const [seconds] = (await client.sendCommand(['TIME'])) as unknown as [string];
    for (const key of ['account', 'source', 'probe']) {
      const left = Number(await client.sendCommand(['PTTL', key]));
      assert.ok(left > 0 && left <= HOUR, `${key} ${left}`);
      const [, score] = (await client.sendCommand(['ZRANGE', key, '0', '0', 'WITHSCORES'])) as unknown as [
        string,
        string,
      ];
      assert.ok(Math.abs(Number(score) - Number(seconds) * 1_000) < 60_000);
    }
  });

  it('let go of what has been given back', async (t) => {
    const { take: takeAt, settle: settleNow, client } = await setUp(t);
    for (const outcome of ['neutral', 'succeeded'] as const) {
      const [, attempt] = await takeAt(T);
      assert.equal(await client.sendCommand(['DBSIZE']), 2);
      await settleNow(attempt, outcome);
      assert.equal(await client.sendCommand(['DBSIZE']), 0);
    }
  });
});
