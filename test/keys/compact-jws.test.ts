/** The compact form: what is taken apart can be put together again in one way only. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeHeader, decodeObject, MAX_HEADER_CHARACTERS, splitCompact } from '#src/keys/compact-jws.js';
import { anyString } from '../harness/any-text.js';
import { edited } from '../harness/edited.js';
import { fc } from '../harness/property.js';

const base64url = (value: string | Uint8Array) => Buffer.from(value).toString('base64url');
const json = fc.oneof(
  fc.json(),
  fc.dictionary(fc.constantFrom('alg', 'kid', 'typ', 'crit'), fc.string()).map((value) => JSON.stringify(value)),
);
const compact = fc
  .tuple(json, json, fc.uint8Array({ minLength: 1, maxLength: 100 }))
  .map(([header, payload, signature]) => [header, payload, signature].map(base64url).join('.'));
const character = fc.constantFrom(...'AZaz09-_.=+/ \n\0é', '..', 'AA', '%2e');

describe('splitCompact()', () => {
  it('takes a token apart into what was put together', () => {
    fc.assert(
      fc.property(json, json, fc.uint8Array({ minLength: 1 }), (first, second, bytes) => {
        const [header, payload] = [base64url(first), base64url(second)];
        const jws = splitCompact(`${header}.${payload}.${base64url(bytes)}`);
        assert.deepEqual(jws, { header, payload, signature: Buffer.from(bytes), signingInput: `${header}.${payload}` });
      }),
    );
  });

  it('takes nothing that is not spelled as it would be put together again', () => {
    fc.assert(
      fc.property(fc.oneof(edited(compact, character), anyString()), (token) => {
        const jws = splitCompact(token);
        if (jws === undefined) return;
        assert.equal(`${jws.header}.${jws.payload}.${base64url(jws.signature)}`, token);
        assert.equal(jws.signingInput, `${jws.header}.${jws.payload}`);
        assert.ok(jws.signature.length > 0);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('decodeObject() and decodeHeader()', () => {
  it('take one spelling of the JSON text, of UTF-8', () => {
    const segment = fc.oneof(edited(json.map(base64url), character), fc.uint8Array().map(base64url));
    fc.assert(
      fc.property(segment, (spelled) => {
        const object = decodeObject(spelled);
        if (object === undefined) return assert.ok(typeof decodeHeader(spelled) === 'string');
        const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
          Buffer.from(spelled, 'base64url'),
        );
        assert.equal(base64url(text), spelled);
        assert.deepEqual(object, JSON.parse(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('take a header of the known members alone, and none that is too long', () => {
    const member = fc.constantFrom(
      'alg',
      'kid',
      'typ',
      'crit',
      'b64',
      'jku',
      'jwk',
      'x5c',
      '__proto__',
      'toString',
      'ALG',
    );
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom('JWT', 'jwt', 'HS256', 'x'.repeat(1000)));
    fc.assert(
      fc.property(fc.dictionary(member, value, { maxKeys: 4, noNullPrototype: true }), (members) => {
        const text = JSON.stringify(members);
        const header = decodeHeader(base64url(text));
        const isLong = base64url(text).length > MAX_HEADER_CHARACTERS;
        const { typ } = members;
        const isKnown =
          Object.keys(members).every((name) => ['alg', 'kid', 'typ'].includes(name)) &&
          (typ === undefined || (typeof typ === 'string' && typ.toLowerCase() === 'jwt'));
        if (isLong) assert.equal(header, 'malformed');
        else if (isKnown) assert.deepEqual(header, JSON.parse(text));
        else assert.equal(header, 'unsupported header');
      }),
      { numRuns: 500 },
    );
  });
});
