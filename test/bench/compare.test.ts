import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changes, comparison } from '#bench/compare.js';
import { parseResult } from '#bench/result.js';
import { resultOf } from './results.js';

describe('changes()', () => {
  it('are of ratios to the floor, so that a faster machine changes nothing', () => {
    const slow = resultOf({ 'one-token-8': { pamhook: [{ cpu: 20 }], floor: [{ cpu: 10 }] } });
    const fast = resultOf({ 'one-token-8': { pamhook: [{ cpu: 2 }], floor: [{ cpu: 1 }] } });
    assert.deepEqual(
      changes(slow, fast).map(({ figure, ratio, toFloor, clear }) => [figure, ratio, toFloor, clear]),
      [['cpu', 1, true, false]],
    );
  });

  it('are clear where all rounds of one run lie beyond those of the other', () => {
    const before = resultOf({ start: { pamhook: [{ duration: 400 }, { duration: 500 }] } });
    const after = (...durations: number[]) =>
      resultOf({ start: { pamhook: durations.map((duration) => ({ duration })) } });
    assert.equal(changes(before, after(200, 399))[0]?.clear, true);
    assert.equal(changes(before, after(200, 401))[0]?.clear, false);
  });

  it('are told of cases that both have', () => {
    assert.deepEqual(changes(resultOf({}), resultOf({ start: { pamhook: [{ duration: 1 }] } })), []);
  });
});

describe('comparison()', () => {
  it('shows by how much', () => {
    const before = resultOf({ start: { pamhook: [{ duration: 400 }] } });
    const after = resultOf({ start: { pamhook: [{ duration: 300 }] } });
    assert.match(
      comparison(before, after),
      /title of start +\| duration +\| 400 +\| 300 +\| -25 % +\| beyond the spread/,
    );
  });
});

describe('parseResult()', () => {
  it('takes what a run has left, and nothing else', () => {
    const result = resultOf({ start: { pamhook: [{ duration: 1 }] } });
    assert.deepEqual(parseResult(JSON.stringify(result)), result);
    for (const text of ['{}', '[]', 'null', '{"format":2}'])
      assert.throws(() => parseResult(text), /no result of the bench/);
  });
});
