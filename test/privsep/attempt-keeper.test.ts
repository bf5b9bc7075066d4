import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createAttemptKeeper, probeKeyOf } from '#src/privsep/attempt-keeper.js';
import { settle, take } from '#src/privsep/count-scripts.js';
import type { FromStore } from '#src/privsep/protocol.js';

const rule = { freeFailures: 1, maxWait: 2, failuresPerHour: 3, sourceFreeFailures: 4, sourceFailuresPerHour: 5 };
const configuration = { prefix: 'p:', replica: 'r-', rule };
const about = { id: 36, account: 'A', source: 'S' };

function setUp(answer: () => Promise<number>) {
  const sent: FromStore[] = [];
  const runs: unknown[][] = [];
  const run = (...args: unknown[]) => {
    runs.push(args);
    return answer();
  };
  return {
    sent,
    runs,
    keeper: createAttemptKeeper({ link: { run }, configuration, send: (frame) => sent.push(frame) }),
  };
}

const KEYS = ['p:1:{S}:A', 'p:1:{S}'];

it('the attempt keeper counts an attempt under a name that no other replica gives', async () => {
  const { keeper, runs, sent } = setUp(async () => 0);
  await keeper.take({ kind: 'take', ...about });
  assert.deepEqual(runs, [[take, KEYS, ['r-10', '1', '3', '4', '5', '2']]]);
  assert.deepEqual(sent, [{ kind: 'taken', id: 36, outcome: 'admitted' }]);
});

it('the attempt keeper says how long to wait', async () => {
  const { keeper, sent } = setUp(async () => 1_500);
  await keeper.take({ kind: 'take', ...about });
  assert.deepEqual(sent, [{ kind: 'taken', id: 36, outcome: 'refused', retryAfter: 1_500 }]);
});

it('the attempt keeper answers when Redis is away too', async () => {
  const { keeper, sent } = setUp(() => Promise.reject(new Error('away')));
  await keeper.take({ kind: 'take', ...about });
  await keeper.settle({ kind: 'settle', ...about, outcome: 'neutral' });
  assert.deepEqual(sent, [{ kind: 'taken', id: 36, outcome: 'unknown' }]);
});

it('the attempt keeper gives back what it has counted', async () => {
  const { keeper, runs, sent } = setUp(async () => 0);
  await keeper.settle({ kind: 'settle', ...about, outcome: 'succeeded' });
  assert.deepEqual(runs, [[settle, KEYS, ['r-10', 'succeeded']]]);
  assert.deepEqual(sent, []);
});

it('the key by which Redis is tried is none of an attempt', () => {
  assert.equal(probeKeyOf(configuration), 'p:1:probe:r-');
});
