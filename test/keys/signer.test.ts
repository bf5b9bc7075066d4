import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { describe, it } from 'node:test';
import jwt from 'jsonwebtoken';
import { UnavailableError } from '#src/errors.js';
import { importSigningMaterial } from '#src/keys/signer.js';
import { allKeys, es256, es384, hs256, rs256 } from './generated-keys.js';
import { claims } from './spelled-token.js';

const isUnavailable = (error: unknown) => error instanceof UnavailableError && error.code === 'ERR_KEY_UNAVAILABLE';

describe('importSigningMaterial()', () => {
  for (const { algorithm, privateKey, parsed } of allKeys) {
    it(`signs with ${algorithm} what another library reads: header and claims as given`, () => {
      const signer = importSigningMaterial(parsed.signing);
      const key = privateKey.type === 'secret' ? privateKey : createPublicKey(privateKey);
      const { header, payload } = jwt.verify(signer.sign(claims), key, {
        algorithms: [algorithm],
        complete: true,
        clockTimestamp: claims.iat,
      });
      assert.deepEqual(header, { alg: algorithm, typ: 'JWT', kid: parsed.kid });
      assert.deepEqual(payload, claims);
      assert.deepEqual([signer.algorithm, signer.kid], [algorithm, parsed.kid]);
    });
  }

  it('refuses material whose key is not one for its algorithm', () => {
    for (const [algorithm, { parsed }] of [
      ['ES256', es384],
      ['RS256', es256],
      ['ES384', rs256],
    ] as const) {
      assert.throws(() => importSigningMaterial({ ...parsed.signing, algorithm }), isUnavailable);
    }
    assert.throws(
      () => importSigningMaterial({ ...es256.parsed.signing, key: hs256.parsed.signing.key }),
      isUnavailable,
    );
    assert.throws(() => importSigningMaterial(es256.parsed.verification), isUnavailable);
  });

  it('says that the key is unavailable when the claims cannot be signed', () => {
    const signer = importSigningMaterial(es256.parsed.signing);
    assert.throws(() => signer.sign({ ...claims, exp: Number.NaN, iat: 'x' as unknown as number }), isUnavailable);
  });
});
