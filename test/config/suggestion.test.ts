import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '#src/config/suggestion.js';

const known = ['bind-port', 'bind-address', 'v', 'serve'];

test('nearest() finds the word with the fewest letters amiss', () => {
  assert.equal(nearest('bindport', known), 'bind-port');
  assert.equal(nearest('bind-adress', known), 'bind-address');
  assert.equal(nearest('servf', ['serve', 'server']), 'serve');
});

test('nearest() finds nothing when more than a third of the letters differ', () => {
  for (const word of ['', 'x', 'blind-poker', 'server-name', 'port']) assert.equal(nearest(word, known), undefined);
});

test('nearest() takes no time for a word of any length', { timeout: 5_000 }, () => {
  assert.equal(nearest('bind-port'.repeat(10_000_000), known), undefined);
});
