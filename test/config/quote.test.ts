import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asJson, quote } from '#src/config/quote.js';
import { anyString } from '../harness/any-text.js';
import { fc } from '../harness/property.js';

test('quote() shows a text on one line, with nothing in it that a terminal would obey', () => {
  assert.equal(quote('plain é 😀'), '"plain é 😀"');
  assert.equal(
    quote('a"\n\u001b\u0085\u2028\u202e\ud800\u{e0041}'),
    '"a\\"\\n\\u001b\\u0085\\u2028\\u202e\\ud800\\udb40\\udc41"',
  );
});

test('quote() and asJson() write what JSON.parse() reads, in characters that stay where they are', () => {
  fc.assert(
    fc.property(anyString(), fc.jsonValue(), (text, value) => {
      for (const [shown, meant] of [
        [quote(text), text],
        [asJson(value), value],
      ] as const) {
        assert.doesNotMatch(shown, /[\p{C}\p{Zl}\p{Zp}]/u);
        if (typeof meant !== 'string' || meant.length <= 80)
          assert.deepEqual(JSON.parse(shown), JSON.parse(JSON.stringify(meant)));
      }
    }),
  );
});

test('quote() cuts a text to 80 characters', () => {
  assert.equal(quote('x'.repeat(80)), `"${'x'.repeat(80)}"`);
  assert.equal(quote('x'.repeat(81)), `"${'x'.repeat(80)}…"`);
});
