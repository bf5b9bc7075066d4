import assert from 'node:assert/strict';
import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, sign, verify } from 'node:crypto';
import { describe, it } from 'node:test';
import { type PublicJwk, publicJwks } from '#src/keys/jwk-set.js';
import { parseSigningKey, parseVerificationKey } from '#src/keys/key-material.js';
import { type KeyShape, makeKey, verificationKeyContents } from '#src/keys/new-key.js';
import { fc } from '../harness/property.js';
import { allKeys, es256, es384, hs256, pkcs8, rs256 } from './generated-keys.js';

const PUBLIC_MEMBERS = {
  EC: ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
  RSA: ['alg', 'e', 'kid', 'kty', 'n', 'use'],
};

/** RFC 7638 section 3.2, from what stands in the set alone. */
function thumbprint({ kty, ...jwk }: PublicJwk): string {
  const required = 'crv' in jwk ? { crv: jwk.crv, kty, x: jwk.x, y: jwk.y } : { e: jwk.e, kty, n: jwk.n };
  return createHash('sha256').update(JSON.stringify(required)).digest('base64url');
}

function checkPublic(jwk: PublicJwk): void {
  assert.deepEqual(Object.keys(jwk).sort(), PUBLIC_MEMBERS[jwk.kty]);
  assert.equal(jwk.kid, thumbprint(jwk));
  assert.equal(jwk.use, 'sig');
}

describe('publicJwks()', () => {
  it('has the public part of every asymmetric key, in order, under its kid', () => {
    const jwks = publicJwks(allKeys.map(({ parsed }) => parsed.verification));
    for (const jwk of jwks) checkPublic(jwk);
    const expected = [es256, es384, rs256].map(({ parsed: { kid, algorithm } }) => [kid, algorithm]);
    assert.deepEqual(
      jwks.map(({ kid, alg }) => [kid, alg]),
      expected,
    );
  });

  it('has keys that verify what the private ones sign', () => {
    for (const { privateKey, parsed } of [es256, es384, rs256]) {
      const [jwk] = publicJwks([parsed.verification]);
      const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
      assert(verify('sha256', Buffer.from('text'), key, sign('sha256', Buffer.from('text'), privateKey)));
    }
  });

  it('never has anything of an HMAC secret', () => {
    assert.deepEqual(publicJwks([hs256.parsed.verification]), []);
  });

  it('has no private member of any key that init and keys can make, in any file it may come in', async () => {
    const shapes: KeyShape[] = [
      { type: 'ec', curve: 'P-256' },
      { type: 'ec', curve: 'P-384' },
      { type: 'rsa', bits: 2048 },
      { type: 'hmac' },
    ];
    const sources = ['signing', 'private for verification', 'public for verification', 'older form'] as const;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...shapes), fc.constantFrom(...sources), async (shape, source) => {
        const contents = await makeKey(shape);
        const jwks = publicJwks([materialFrom(contents, source, shape)]);
        assert.equal(jwks.length, shape.type === 'hmac' ? 0 : 1);
        for (const jwk of jwks) checkPublic(jwk);
        if (shape.type !== 'hmac') checkWithout(jwks, createPrivateKey(contents).export({ format: 'jwk' }));
      }),
      { numRuns: 40 },
    );
  });
});

function materialFrom(contents: Buffer, source: string, { type }: KeyShape) {
  const { verification } = parseSigningKey(contents, 'a key');
  if (source === 'signing') return verification;
  if (source === 'public for verification')
    return parseVerificationKey(verificationKeyContents(verification), 'a key').verification;
  if (source === 'private for verification' || type === 'hmac')
    return parseVerificationKey(contents, 'a key').verification;
  const older = createPrivateKey(contents).export({ type: type === 'ec' ? 'sec1' : 'pkcs1', format: 'pem' });
  return parseVerificationKey(Buffer.from(older), 'a key').verification;
}

/** Nor under another name. */
function checkWithout(jwks: readonly PublicJwk[], privateJwk: JsonWebKey): void {
  const text = JSON.stringify(jwks);
  for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const) {
    const member = privateJwk[name];
    if (member !== undefined) assert(!text.includes(member), name);
  }
  assert.notEqual(privateJwk.d, undefined);
}

it('a private key among the material comes out as its public part too', () => {
  const [jwk] = publicJwks([{ ...rs256.parsed.verification, key: pkcs8(rs256.privateKey).toString() }]);
  assert(jwk !== undefined);
  checkPublic(jwk);
});
