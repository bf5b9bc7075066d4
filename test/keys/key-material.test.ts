import assert from 'node:assert/strict';
import { createHash, createPrivateKey, createPublicKey, createSecretKey, generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { ConfigurationError } from '#src/errors.js';
import { keyId } from '#src/keys/key-id.js';
import { MAX_KEY_BYTES, parseSigningKey, parseVerificationKey } from '#src/keys/key-material.js';
import { fc } from '../harness/property.js';
import { newCertificate } from './certificates.js';
import {
  allKeys,
  es256,
  es384,
  generateEc,
  generateRsa,
  hs256,
  newSecret,
  pkcs8,
  rs256,
  spki,
} from './generated-keys.js';

const ORIGIN = '/etc/pamhook/signing.key';

function refuses(
  contents: Buffer,
  message: RegExp,
  parse = parseSigningKey as (c: Buffer, o: string) => unknown,
): void {
  assert.throws(
    () => parse(contents, ORIGIN),
    (error: unknown) => {
      assert(error instanceof ConfigurationError);
      assert.match(error.message, message);
      assert(error.message.includes(ORIGIN), error.message);
      assert(error.cure);
      assert.equal(error.cause, undefined);
      return true;
    },
  );
}

describe('parseSigningKey()', () => {
  for (const { algorithm, contents } of allKeys) {
    it(`takes the algorithm from the key: ${algorithm}`, () => {
      const parsed = parseSigningKey(contents, ORIGIN);
      assert.equal(parsed.algorithm, algorithm);
      assert.equal(parsed.signing.algorithm, algorithm);
      assert.equal(parsed.verification.algorithm, algorithm);
      assert.equal(parsed.signing.kid, parsed.kid);
      assert.equal(parsed.verification.kid, parsed.kid);
      assert.deepEqual(parsed.warnings, []);
    });
  }

  it('reads the older PEM forms too, with the curve parameters in front', () => {
    const sec1 = es256.privateKey.export({ type: 'sec1', format: 'pem' }).toString();
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    assert.equal(parseSigningKey(Buffer.from(parameters + sec1), ORIGIN).kid, es256.parsed.kid);
    const pkcs1 = rs256.privateKey.export({ type: 'pkcs1', format: 'pem' });
    assert.equal(parseSigningKey(Buffer.from(pkcs1), ORIGIN).kid, rs256.parsed.kid);
  });

  it('leaves nothing private in the verification material of an asymmetric key', () => {
    for (const { parsed } of [es256, es384, rs256]) {
      assert.match(parsed.verification.key, /^-----BEGIN PUBLIC KEY-----/);
      assert.doesNotMatch(parsed.verification.key, /PRIVATE/);
      assert.throws(() => createPrivateKey(parsed.verification.key));
    }
  });

  it('gives material that survives JSON', () => {
    for (const { parsed } of allKeys) assert.deepEqual(JSON.parse(JSON.stringify(parsed)), parsed);
  });

  it('drops one trailing newline of a secret and no more', () => {
    const kid = (text: string) => parseSigningKey(Buffer.from(text), ORIGIN).kid;
    assert.equal(kid('secret\n'), kid('secret'));
    assert.equal(kid('secret\r\n'), kid('secret'));
    assert.notEqual(kid('secret\n\n'), kid('secret'));
    assert.notEqual(kid('secret\r'), kid('secret'));
    assert.notEqual(kid(' secret'), kid('secret'));
  });

  it('warns about a secret of 31 bytes, not about one of 32', () => {
    assert.match(parseSigningKey(Buffer.alloc(31, 'x'), ORIGIN).warnings.join(), /shorter than 32 bytes/);
    assert.match(parseSigningKey(Buffer.from(`${'x'.repeat(31)}\n`), ORIGIN).warnings.join(), /shorter than 32 bytes/);
    assert.deepEqual(parseSigningKey(Buffer.alloc(32, 'x'), ORIGIN).warnings, []);
  });

  it('takes any bytes as a secret, one that starts like DER among them', () => {
    for (const secret of [
      Buffer.from([0x30, 0x82, 0, 1, 255]),
      Buffer.from(`0b${'0'.repeat(98)}`),
      Buffer.from([0, 255]),
    ]) {
      assert.equal(parseSigningKey(secret, ORIGIN).algorithm, 'HS256');
    }
  });

  it('refuses an empty file, and one of a newline alone', () => {
    for (const text of ['', '\n', '\r\n']) refuses(Buffer.from(text), /is empty/);
  });

  it('holds the size bound', () => {
    refuses(Buffer.alloc(MAX_KEY_BYTES + 1, 'x'), /larger than 65536 bytes/);
    assert.equal(parseSigningKey(Buffer.alloc(MAX_KEY_BYTES, 'x'), ORIGIN).algorithm, 'HS256');
  });

  it('refuses keys of other kinds by name', () => {
    refuses(pkcs8(generateEc('P-521').privateKey), /EC key on the curve secp521r1/);
    refuses(pkcs8(generateEc('secp256k1').privateKey), /EC key on the curve secp256k1/);
    refuses(pkcs8(generateRsa(1024).privateKey), /RSA key of 1024 bits/);
    refuses(pkcs8(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey), /key of type rsa-pss/);
    refuses(pkcs8(generateKeyPairSync('ed25519').privateKey), /key of type ed25519/);
  });

  it('refuses an encrypted key, in both forms, and says how to decrypt it', () => {
    const encryption = { format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' } as const;
    const modern = es256.privateKey.export({ type: 'pkcs8', ...encryption });
    const traditional = es256.privateKey.export({ type: 'sec1', ...encryption });
    for (const pem of [modern, traditional]) {
      refuses(Buffer.from(pem), /encrypted private key/);
      assert.throws(() => parseSigningKey(Buffer.from(pem), ORIGIN), { cure: /openssl pkey/ });
    }
  });

  it('refuses a public key and a certificate', async () => {
    refuses(spki(createPublicKey(es256.privateKey)), /PEM block "PUBLIC KEY"/);
    refuses(Buffer.from((await newCertificate()).certificate), /PEM block "CERTIFICATE"/);
  });

  it('refuses several keys in one file', () => {
    refuses(Buffer.concat([es256.contents, rs256.contents]), /2 PEM blocks/);
  });

  it('never takes a damaged PEM for a secret', () => {
    const pem = es256.contents.toString();
    const [begin = '', ...rest] = pem.split('\n');
    const damaged = [
      pem.slice(0, -30),
      pem.replace('MI', 'M!'),
      rest.join('\n'),
      pem.replaceAll('-----', '----'),
      rest.slice(0, -2).join('\n'),
      `${begin}\n`,
      `secret ${begin}`,
    ];
    for (const text of damaged) refuses(Buffer.from(text), /PEM|DER/);
    refuses(Buffer.from(pem, 'utf16le'), /PEM/);
  });

  it('never takes a key in another form for a secret', () => {
    const publicKey = createPublicKey(rs256.privateKey);
    refuses(es256.privateKey.export({ type: 'pkcs8', format: 'der' }), /DER form/);
    refuses(es256.privateKey.export({ type: 'sec1', format: 'der' }), /DER form/);
    refuses(publicKey.export({ type: 'spki', format: 'der' }), /DER form/);
    refuses(publicKey.export({ type: 'pkcs1', format: 'der' }), /DER form/);
    refuses(Buffer.from(publicKey.export({ type: 'spki', format: 'der' }).toString('base64')), /DER form/);
    refuses(Buffer.from(JSON.stringify(publicKey.export({ format: 'jwk' }), null, 2)), /JWK form/);
    refuses(Buffer.from('ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ alice@host'), /SSH form/);
  });

  it('shows no byte of the file in a message', () => {
    const pem = es256.contents.toString().replace('MI', 'M!');
    const body = pem.split('\n')[1] ?? '';
    assert.throws(
      () => parseSigningKey(Buffer.from(pem), ORIGIN),
      (error: ConfigurationError) => !`${error.stack}${error.cure}`.includes(body.slice(4, 24)),
    );
  });

  it('throws nothing but ConfigurationError, whatever the bytes', () => {
    const fragments = fc.constantFrom(
      '-----BEGIN PRIVATE KEY-----\n',
      '-----END PRIVATE KEY-----\n',
      'MIGH',
      '\n',
      '0\u0082',
      '{"kty"',
    );
    const texts = fc.array(fc.oneof(fragments, fc.string())).map((parts) => Buffer.from(parts.join(''), 'latin1'));
    const bytes = fc.uint8Array().map((array) => Buffer.from(array));
    fc.assert(
      fc.property(fc.oneof(texts, bytes), (contents) => {
        for (const parse of [parseSigningKey, parseVerificationKey]) {
          try {
            parse(contents, ORIGIN);
          } catch (error) {
            assert(error instanceof ConfigurationError);
          }
        }
      }),
    );
  });
});

describe('parseVerificationKey()', () => {
  it('makes the same of a private key, its public key and its certificate', async () => {
    const { certificate, key } = await newCertificate();
    const privateKey = createPrivateKey(key);
    const publicKey = createPublicKey(privateKey);
    const parsed = [Buffer.from(certificate), pkcs8(privateKey), spki(publicKey)].map((pem) =>
      parseVerificationKey(pem, ORIGIN),
    );
    for (const { verification } of parsed)
      assert.deepEqual(verification, parseSigningKey(Buffer.from(key), ORIGIN).verification);
  });

  it('agrees with the signing key on material and kid, for every algorithm', () => {
    for (const { contents, parsed } of allKeys) {
      assert.deepEqual(parseVerificationKey(contents, ORIGIN).verification, parsed.verification);
    }
  });

  it('reads an RSA public key in PKCS #1', () => {
    const pem = createPublicKey(rs256.privateKey).export({ type: 'pkcs1', format: 'pem' });
    assert.deepEqual(parseVerificationKey(Buffer.from(pem), ORIGIN).verification, rs256.parsed.verification);
  });

  it('refuses what parseSigningKey() refuses, public keys aside', () => {
    refuses(spki(generateEc('P-521').publicKey), /secp521r1/, parseVerificationKey);
    refuses(spki(generateRsa(1024).publicKey), /1024 bits/, parseVerificationKey);
    refuses(Buffer.from('-----BEGIN DSA PARAMETERS-----\n'), /"DSA PARAMETERS"/, parseVerificationKey);
    refuses(Buffer.alloc(MAX_KEY_BYTES + 1), /larger/, parseVerificationKey);
  });

  it('warns about a short secret', () => {
    assert.equal(parseVerificationKey(Buffer.from('short'), ORIGIN).warnings.length, 1);
  });
});

describe('keyId()', () => {
  it('is the RFC 7638 thumbprint: the example of its section 3.1', () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
    const key = createPublicKey({ format: 'jwk', key: { kty: 'RSA', e: 'AQAB', n, alg: 'RS256', kid: '2011-04-29' } });
    assert.equal(keyId(key), 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  });

  it('is the same for both halves of a key, and another for another key', () => {
    const { privateKey, publicKey } = generateEc('P-256');
    assert.equal(keyId(privateKey), keyId(publicKey));
    assert.notEqual(keyId(publicKey), keyId(generateEc('P-256').publicKey));
    assert.match(keyId(publicKey), /^[\w-]{43}$/);
  });

  it('is for a secret a keyed digest, no plain one', () => {
    const secret = newSecret();
    const kid = keyId(createSecretKey(secret));
    assert.match(kid, /^[\w-]{22}$/);
    assert(!createHash('sha256').update(secret).digest('base64url').startsWith(kid));
    assert.notEqual(kid, hs256.parsed.kid);
    assert.equal(kid, keyId(createSecretKey(secret)));
  });
});
