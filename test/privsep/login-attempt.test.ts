import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attemptOf } from '#src/privsep/login-attempt.js';

const keyOf = (username: string) => attemptOf({ username, source: '192.0.2.1' }).account;

test('however a guesser spells an account, it is one', () => {
  const spellings = [
    'Strasse',
    'STRASSE@EXAMPLE.COM',
    'straße',
    'EXAMPLE\\strasse',
    ' strasse ',
    'stra sse',
    'stra\u00adsse',
    'stra\u200dsse',
    'stra\0sse',
    'stra\ud800sse',
    'stràsse',
    'stra\u0300sse',
    'ｓtrasse',
    'ſtrasse',
  ];
  for (const name of spellings) assert.equal(keyOf(name), 'strasse', name);
  for (const name of ['ΟΔΥΣΣΕΥΣ', 'οδυσσευς', 'οδυσσευσ']) assert.equal(keyOf(name), keyOf('Οδυσσεύς'), name);
});

test('two accounts are two, also with digits, dots and dashes', () => {
  const names = ['alice', 'bob', 'alice1', 'alice2', 'a.lice', 'a-lice', 'a_lice', 'alice$', '李', '李明'];
  assert.equal(new Set(names.map(keyOf)).size, names.length);
});

test('the source of an IPv6 address is its /64', () => {
  const sourceOf = (source: string) => attemptOf({ username: 'alice', source }).source;
  assert.equal(sourceOf('2001:db8:1:2:3::4'), sourceOf('2001:db8:1:2::1'));
  assert.notEqual(sourceOf('2001:db8:1:3::1'), sourceOf('2001:db8:1:2::1'));
  assert.equal(sourceOf('192.0.2.1'), '192.0.2.1');
});
