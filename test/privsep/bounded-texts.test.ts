import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { boundedTexts } from '#src/privsep/bounded-texts.js';

describe('boundedTexts()', () => {
  it('keeps short texts as they are, empty ones too', () => {
    assert.deepEqual(boundedTexts(['a', '', 'b']), ['a', '', 'b']);
  });

  it('cuts each text, their number and their sum', () => {
    assert.equal(boundedTexts(['a'.repeat(2000)])[0]?.length, 1024);
    assert.equal(boundedTexts(Array(100).fill('a')).length, 32);
    const texts = boundedTexts(Array(32).fill('a'.repeat(1000)));
    assert.equal(texts.join('').length, 8192);
  });
});
