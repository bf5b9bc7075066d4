import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { describe, it } from 'node:test';
import { parseSigningKey, parseVerificationKey } from '#src/keys/key-material.js';
import { keyShapeOf, keyShapes, makeKey, verificationKeyContents } from '#src/keys/new-key.js';
import { allKeys, es384, rs256 } from './generated-keys.js';

describe('makeKey()', () => {
  for (const [type, algorithm] of [
    ['ec', 'ES256'],
    ['rsa', 'RS256'],
    ['hmac', 'HS256'],
  ] as const) {
    it(`makes a key of type ${type} that signs ${algorithm}, another each time`, async () => {
      const [one, other] = await Promise.all([makeKey(keyShapes[type]), makeKey(keyShapes[type])]);
      const parsed = parseSigningKey(one, 'key');
      assert.deepEqual([parsed.algorithm, parsed.warnings], [algorithm, []]);
      assert.notEqual(parsed.kid, parseSigningKey(other, 'key').kid);
    });
  }

  it('makes a secret of 256 random bits, in hexadecimal', async () => {
    assert.match((await makeKey(keyShapes.hmac)).toString(), /^[0-9a-f]{64}\n$/);
  });

  it('makes RSA keys of 3072 bits', async () => {
    const { modulusLength } = createPrivateKey(await makeKey(keyShapes.rsa)).asymmetricKeyDetails ?? {};
    assert.equal(modulusLength, 3072);
  });
});

describe('keyShapeOf()', () => {
  it('is the same curve and the same size', () => {
    assert.deepEqual(keyShapeOf(es384.parsed.signing), { type: 'ec', curve: 'P-384' });
    assert.deepEqual(keyShapeOf(rs256.parsed.signing), { type: 'rsa', bits: 2048 });
  });

  it('makes keys of the same algorithm again', async () => {
    for (const { algorithm, parsed } of allKeys) {
      assert.equal(parseSigningKey(await makeKey(keyShapeOf(parsed.signing)), 'key').algorithm, algorithm);
    }
  });
});

describe('verificationKeyContents()', () => {
  it('is read as the same material again, and has nothing private of a pair of keys', () => {
    for (const { algorithm, parsed } of allKeys) {
      const contents = verificationKeyContents(parsed.verification);
      assert.deepEqual(parseVerificationKey(contents, 'key').verification, parsed.verification);
      if (algorithm !== 'HS256') assert.match(contents.toString(), /^-----BEGIN PUBLIC KEY-----/);
    }
  });

  it('keeps the ends of secrets as they are', () => {
    for (const secret of ['x', 'x\n\n', 'x\r', 'x\r\n\r\n', 'x\n\r', '\r\r']) {
      const { verification } = parseSigningKey(Buffer.from(secret), 'key');
      const again = parseVerificationKey(verificationKeyContents(verification), 'key').verification;
      assert.deepEqual(again, verification, JSON.stringify(secret));
    }
  });
});
