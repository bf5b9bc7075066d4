import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { UnavailableError } from '#src/errors.js';
import { importSigningMaterial } from '#src/keys/signer.js';
import { importVerifier } from '#src/keys/verifier.js';
import { anyText } from '../harness/any-text.js';
import { fc } from '../harness/property.js';
import { allKeys, es256, es384, hs256, rs256 } from './generated-keys.js';
import { claims, headerOf, segment, signed, signerOf, spell } from './spelled-token.js';

const verifier = importVerifier(allKeys.map(({ parsed }) => parsed.verification));
const isUnavailable = (error: unknown) => error instanceof UnavailableError && error.code === 'ERR_KEY_UNAVAILABLE';

describe('importVerifier()', () => {
  for (const { algorithm, parsed } of allKeys) {
    it(`verifies what the signer of the same ${algorithm} key signed, and tells which key it was`, () => {
      const token = importSigningMaterial(parsed.signing).sign(claims);
      assert.deepEqual(verifier.verify(token), { valid: true, claims, kid: parsed.kid });
    });
  }

  it('leaves times to its caller: an expired token is still signed', () => {
    assert.equal(verifier.verify(signed(es256, {}, { exp: 1, nbf: 4e9 })).valid, true);
  });

  it('knows a key no more that it was not given', () => {
    const other = importVerifier([rs256.parsed.verification]);
    assert.deepEqual(other.verify(signed(es256)), { valid: false, fault: 'unknown key' });
    assert.deepEqual(importVerifier([]).verify(signed(es256)), { valid: false, fault: 'unknown key' });
  });

  it('takes `typ` absent or in any case, and nothing else', () => {
    for (const typ of [undefined, 'JWT', 'jwt', 'Jwt'])
      assert.equal(verifier.verify(signed(hs256, { typ })).valid, true);
    for (const typ of ['', 'JWT ', 'JOSE', 'at+jwt', null, 1, ['JWT'], {}]) {
      assert.deepEqual(verifier.verify(signed(hs256, { typ })), { valid: false, fault: 'unsupported header' });
    }
  });

  it('reads a header of 1,024 characters and no longer one', () => {
    const padded = (spaces: number) =>
      spell(JSON.stringify(headerOf(hs256)) + ' '.repeat(spaces), claims, signerOf(hs256));
    const room = 768 - JSON.stringify(headerOf(hs256)).length;
    assert.equal(verifier.verify(padded(room)).valid, true);
    assert.deepEqual(verifier.verify(padded(room + 1)), { valid: false, fault: 'malformed' });
  });

  it('refuses material that holds a private key, or none for its algorithm', () => {
    assert.throws(() => importVerifier([es256.parsed.signing]), isUnavailable);
    assert.throws(() => importVerifier([{ ...es384.parsed.verification, algorithm: 'ES256' }]), isUnavailable);
    assert.throws(() => importVerifier([{ ...es256.parsed.verification, algorithm: 'RS256' }]), isUnavailable);
    assert.throws(() => importVerifier([{ ...es256.parsed.verification, key: 'nonsense' }]), isUnavailable);
  });

  it('shows no key material when inspected', () => {
    assert(!inspect(verifier, { depth: null, showHidden: true }).includes(hs256.parsed.verification.key));
  });
});

describe('verify()', () => {
  for (const key of allKeys) {
    it(`says no to a token of which any one character is changed: ${key.algorithm}`, () => {
      const token = signed(key);
      const character = fc.oneof(
        fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ '),
        anyText({ maxLength: 2 }),
      );
      fc.assert(
        fc.property(fc.nat(token.length - 1), character, (at, replacement) => {
          const changed = token.slice(0, at) + replacement + token.slice(at + 1);
          fc.pre(changed !== token);
          assert.equal(verifier.verify(changed).valid, false);
        }),
        { numRuns: 300 },
      );
    });
  }

  it('says no to a token cut anywhere, or with anything added', () => {
    const token = signed(hs256);
    for (let length = 0; length < token.length; length += 1)
      assert.equal(verifier.verify(token.slice(0, length)).valid, false);
    for (const more of ['.', 'A', '=', ' ', '\n', '\0', '.e30']) {
      assert.equal(verifier.verify(token + more).valid, false);
      assert.equal(verifier.verify(more + token).valid, false);
    }
  });

  it('says no to garbage of any shape, and throws nothing', () => {
    const member = fc.constantFrom('alg', 'kid', 'typ', 'crit', '__proto__', 'toString', 'b64');
    const kids = fc.constantFrom(...allKeys.map(({ parsed }) => parsed.kid));
    const algorithms = fc.constantFrom('HS256', 'ES256', 'ES384', 'RS256', 'none', 'PS256');
    const header = fc.oneof(
      fc.json(),
      fc.dictionary(member, fc.oneof(kids, algorithms, fc.jsonValue())).map((value) => JSON.stringify(value)),
      fc.record({ alg: algorithms, kid: kids }).map((value) => JSON.stringify(value)),
    );
    const payload = fc.oneof(fc.json(), fc.string(), fc.constant(JSON.stringify(claims)));
    const signature = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('base64url'));
    const shaped = fc.tuple(header, payload, signature).map(([h, p, s]) => `${segment(h)}.${segment(p)}.${s}`);
    const any = fc.oneof(
      shaped,
      anyText(),
      fc.array(fc.base64String()).map((parts) => parts.join('.')),
    );
    fc.assert(
      fc.property(any, (token) => assert.equal(verifier.verify(token).valid, false)),
      { numRuns: 1000 },
    );
  });
});
