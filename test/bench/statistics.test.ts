import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { median, percentile, ratios, spreadOf } from '#bench/statistics.js';

describe('median()', () => {
  it('is the middle one, or the mean of the two in the middle, whatever their order', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([10, 9, 1, 2]), 5.5);
    assert.equal(median([7]), 7);
  });

  it('of nothing is no number', () => {
    assert.ok(Number.isNaN(median([])));
  });
});

describe('spreadOf()', () => {
  it('has the lowest and the highest beside the median, and passes over what is no number', () => {
    assert.deepEqual(spreadOf([4, Number.NaN, 1, 100]), { median: 4, low: 1, high: 100 });
    assert.equal(spreadOf([Number.NaN]), undefined);
  });
});

describe('ratios()', () => {
  it('holds each round against the same round of the other', () => {
    assert.deepEqual(ratios([2, 9], [1, 3]), [2, 3]);
  });

  it('leaves out rounds that the other does not have', () => {
    assert.deepEqual(ratios([2, 9], [1]), [2]);
    assert.deepEqual(ratios([2], []), []);
  });
});

describe('percentile()', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);

  it('is a value that was measured, which so large a share does not exceed', () => {
    assert.equal(percentile(hundred, 0.5), 50);
    assert.equal(percentile(hundred, 0.99), 99);
    assert.equal(percentile(hundred, 0.999), 100);
    assert.equal(percentile(hundred, 1), 100);
    assert.equal(percentile(hundred, 0), 1);
  });

  it('of few values is the longest of them: none is made up', () => {
    assert.equal(percentile([1, 5], 0.99), 5);
    assert.ok(Number.isNaN(percentile([], 0.99)));
  });
});
