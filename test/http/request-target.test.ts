import assert from 'node:assert/strict';
import { test } from 'node:test';
import { originForm, pathOf, queryOf } from '#src/http/request-target.js';
import { anyString } from '../harness/any-text.js';
import { edited } from '../harness/edited.js';
import { fc } from '../harness/property.js';

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

test('a target is what the URL of the web is, in origin form, and nothing is decoded or merged', () => {
  const segment = fc.constantFrom(
    '/',
    '//',
    '/a',
    '/.',
    '/..',
    '/%2f',
    '/%2e%2e',
    '/a;b',
    '?',
    '?a=b',
    '?b?',
    '&',
    '*',
    '\\',
    '@',
    ':',
  );
  const path = fc.array(segment, { maxLength: 6 }).map((parts) => parts.join(''));
  const authority = fc.constantFrom('host', 'host:1', 'u:p@host', '[::1]:8443', '', 'ho%2fst');
  fc.assert(
    fc.property(fc.constantFrom('http', 'https', 'HTTPS'), authority, path, (scheme, host, rest) => {
      fc.pre(rest === '' || /^[/?]/.test(rest));
      const origin = rest.startsWith('/') ? rest : `/${rest}`;
      assert.equal(originForm(`${scheme}://${host}${rest}`), origin);
      assert.equal(originForm(origin), origin);
      assert.equal(pathOf(origin) + (origin.includes('?') ? '?' : '') + queryOf(origin), origin);
    }),
  );
});

test('any text is a target in origin form, of visible characters, or none', () => {
  const nearly = edited(
    fc.constantFrom('/token?a=b', 'https://host/a', '*', '//a'),
    fc.constantFrom(...'/:?#@*\\ \t\r\n\0a%\u00e9'),
  );
  fc.assert(
    fc.property(fc.oneof(nearly, anyString()), (text) => {
      const origin = originForm(text);
      if (origin !== undefined) assert.match(origin, /^(?:\*|\/)[!"$-~]*$/);
      if (origin !== undefined && !text.includes('://')) assert.equal(origin, text);
    }),
    { numRuns: 500 },
  );
});

test('path and query part at the first question mark', () => {
  assert.deepEqual([pathOf('/a?b?c'), queryOf('/a?b?c')], ['/a', 'b?c']);
  assert.deepEqual([pathOf('/a'), queryOf('/a')], ['/a', '']);
  assert.deepEqual([pathOf('/a?'), queryOf('/a?')], ['/a', '']);
});
