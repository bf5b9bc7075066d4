import assert from 'node:assert/strict';
import { test } from 'node:test';
import { originForm, pathOf, queryOf } from '#src/http/request-target.js';

test('a target is taken in origin form as it stands, and in absolute form without scheme and authority', () => {
  const forms = {
    '/': '/',
    '/a/%2f?b=//c': '/a/%2f?b=//c',
    '//host/path': '//host/path',
    '*': '*',
    'https://host': '/',
    'HTTP://u:p@host:1/a?b': '/a?b',
    'https://host?b': '/?b',
    'https://[::1]:8443/token': '/token',
  };
  for (const [target, origin] of Object.entries(forms)) assert.equal(originForm(target), origin, target);
});

test('a target that two parsers could read in two ways is none', () => {
  for (const target of [
    '',
    '/a#b',
    '/a b',
    '/a\tb',
    '/a\r\nb',
    '/a\0',
    '/\x7f',
    '/é',
    'token',
    'ftp://host/a',
    'host:443',
  ]) {
    assert.equal(originForm(target), undefined, target);
  }
});

test('path and query part at the first question mark', () => {
  assert.deepEqual([pathOf('/a?b?c'), queryOf('/a?b?c')], ['/a', 'b?c']);
  assert.deepEqual([pathOf('/a'), queryOf('/a')], ['/a', '']);
  assert.deepEqual([pathOf('/a?'), queryOf('/a?')], ['/a', '']);
});
