import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quote } from '#src/config/quote.js';

test('quote() shows a text on one line, with nothing in it that a terminal would obey', () => {
  assert.equal(quote('plain é 😀'), '"plain é 😀"');
  assert.equal(
    quote('a"\n\u001b\u0085\u2028\u202e\ud800\u{e0041}'),
    '"a\\"\\n\\u001b\\u0085\\u2028\\u202e\\ud800\\udb40\\udc41"',
  );
});

test('quote() cuts a text to 80 characters', () => {
  assert.equal(quote('x'.repeat(80)), `"${'x'.repeat(80)}"`);
  assert.equal(quote('x'.repeat(81)), `"${'x'.repeat(80)}…"`);
});
