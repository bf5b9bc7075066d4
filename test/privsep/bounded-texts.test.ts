import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { boundedTexts } from '#src/privsep/bounded-texts.js';
import { anyString } from '../harness/any-text.js';
import { fc } from '../harness/property.js';

describe('boundedTexts()', () => {
  it('keeps short texts as they are, empty ones too', () => {
    assert.deepEqual(boundedTexts(['a', '', 'b']), ['a', '', 'b']);
  });

  it('keeps the beginning of each of the first texts, and what a frame can hold of them', () => {
    const long = fc.tuple(anyString(), fc.nat(3000)).map(([text, size]) => text.padEnd(size, '\u0000'));
    fc.assert(
      fc.property(fc.array(fc.oneof(anyString(), long), { maxLength: 50, size: 'max' }), (texts) => {
        const kept = boundedTexts(texts);
        assert.ok(kept.every((text, index) => texts[index]?.startsWith(text) && text.length <= 1024));
        // Beside them a frame has a token of 16 KiB.
        assert.ok(Buffer.byteLength(JSON.stringify(kept)) <= 37 * 1024);
        const all = texts.join('').length <= 6144 && texts.length <= 32 && texts.every((text) => text.length <= 1024);
        if (all) assert.deepEqual(kept, texts);
      }),
      { numRuns: 300 },
    );
  });

  it('cuts each text, their number and their sum', () => {
    assert.equal(boundedTexts(['a'.repeat(2000)])[0]?.length, 1024);
    assert.equal(boundedTexts(Array(100).fill('a')).length, 32);
    const texts = boundedTexts(Array(32).fill('a'.repeat(1000)));
    assert.equal(texts.join('').length, 6144);
  });
});
