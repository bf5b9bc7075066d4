import assert from 'node:assert/strict';
import { test } from 'node:test';
import { turnOf } from '#src/privsep/turn.js';

test('the spellings of one account have one turn, two accounts have two', () => {
  for (const name of ['Alice', 'ALICE@EXAMPLE.COM', 'EXAMPLE\\alice', 'alice@a@b', 'ａlice', 'alice@a\nb']) {
    assert.equal(turnOf(name), 'alice', name);
  }
  assert.notEqual(turnOf('bob'), turnOf('alice'));
});
