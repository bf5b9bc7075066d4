/** What a key file is taken for: a key in any form but the right one is never an HMAC secret, however it was damaged on its way. */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { describe, it } from 'node:test';
import { ConfigurationError } from '#src/errors.js';
import { encodingOf, isEncrypted, pemLabels } from '#src/keys/key-encoding.js';
import { parseSigningKey, parseVerificationKey } from '#src/keys/key-material.js';
import { fc } from '../harness/property.js';
import { es256, es384, type GeneratedKey, rs256 } from './generated-keys.js';

type Damage = (bytes: Buffer) => Buffer;
const asText =
  (change: (text: string) => string): Damage =>
  (bytes) =>
    Buffer.from(change(bytes.toString('latin1')), 'latin1');

/** What editors, mail, copying and templates do to a file. */
const damages: Readonly<Record<string, Damage>> = {
  nothing: (bytes) => bytes,
  'other ends of lines': asText((text) => text.replaceAll('\n', '\r\n')),
  'one line': asText((text) => text.replaceAll('\n', ' ')),
  'no ends of lines': asText((text) => text.replaceAll('\n', '')),
  'ends of lines as two characters': asText((text) => text.replaceAll('\n', '\\n')),
  indentation: asText((text) => text.replaceAll(/^/gm, '    ')),
  'no dashes': asText((text) => text.replaceAll('-', '')),
  'long dashes': (bytes) => Buffer.from(bytes.toString().replaceAll('--', '—')),
  quotes: asText((text) => `"${text}"`),
  'UTF-16': (bytes) => Buffer.from(`\ufeff${bytes}`, 'utf16le'),
  'a byte order mark': (bytes) => Buffer.from(`\ufeff${bytes}`),
  'no first line': asText((text) => text.replace(/^.*\n/, '')),
  'no last line': asText((text) => text.replace(/\n.*\n?$/, '\n')),
  'twice over': (bytes) => Buffer.concat([bytes, bytes]),
  'another file in front': (bytes) => Buffer.concat([Buffer.from('# made by hand\n'), bytes]),
};

/** Only base64 is left, which is known as long as nothing else happened to it. */
const bare = asText((text) => text.replace(/^.*\n/, '').replace(/\n-.*\n?$/, '\n'));

const keys: readonly GeneratedKey[] = [es256, es384, rs256];
const forms = keys.flatMap(({ privateKey }) => {
  const publicKey = createPublicKey(privateKey);
  const sec1 = privateKey.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs1';
  const jwk = Buffer.from(JSON.stringify(privateKey.export({ format: 'jwk' }), null, 2));
  const encrypted = { format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
  return {
    pem: [
      privateKey.export({ type: 'pkcs8', format: 'pem' }),
      privateKey.export({ type: sec1, format: 'pem' }),
      privateKey.export({ type: 'pkcs8', ...encrypted }),
      publicKey.export({ type: 'spki', format: 'pem' }),
    ].map((pem) => Buffer.from(pem)),
    der: [
      privateKey.export({ type: 'pkcs8', format: 'der' }),
      privateKey.export({ type: sec1, format: 'der' }),
      publicKey.export({ type: 'spki', format: 'der' }),
    ],
    jwk: [jwk],
  };
});
const pem = fc.constantFrom(...forms.flatMap((form) => form.pem));
const der = fc.constantFrom(...forms.flatMap((form) => form.der));
const jwk = fc.constantFrom(...forms.flatMap((form) => form.jwk));
const damage = fc.constantFrom(...Object.keys(damages));
const damaged = (bytes: Buffer, names: readonly string[]) =>
  names.reduce((all, name) => damages[name]?.(all) ?? all, bytes);

/** Read as no key that signs, or as one that is not a secret. */
function assertNoSecret(contents: Buffer, what: string): void {
  assert.notEqual(encodingOf(contents), 'secret', what);
  for (const parse of [parseSigningKey, parseVerificationKey]) {
    try {
      const { algorithm } =
        'signing' in parse(contents, 'f') ? parseSigningKey(contents, 'f') : parse(contents, 'f').verification;
      assert.notEqual(algorithm, 'HS256', what);
    } catch (fault) {
      assert.ok(fault instanceof ConfigurationError, what);
    }
  }
}

describe('encodingOf()', () => {
  it('takes no PEM file for a secret, whatever happened to its lines and dashes', () => {
    fc.assert(
      fc.property(pem, fc.array(damage, { maxLength: 2 }), (contents, names) => {
        assertNoSecret(damaged(contents, names), `${names}`);
        assertNoSecret(bare(contents), 'base64 alone');
      }),
      { numRuns: 300 },
    );
  });

  it('takes no PEM file for a secret of which any byte was changed, or anything after its first line cut off', () => {
    fc.assert(
      fc.property(pem, fc.nat(), fc.nat(255), fc.boolean(), (contents, at, byte, cut) => {
        const changed = Buffer.from(contents);
        changed[at % changed.length] = byte;
        const first = contents.indexOf('\n');
        const kept = contents.subarray(0, first + (at % (contents.length - first)));
        assert.notEqual(encodingOf(cut ? kept : changed), 'secret');
      }),
      { numRuns: 1000 },
    );
  });

  it('knows DER, also in base64, and JWK', () => {
    const wrapped = (bytes: Buffer, width: number) =>
      bytes.toString('base64').replaceAll(new RegExp(`.{${width}}`, 'g'), '$&\n');
    fc.assert(
      fc.property(
        der,
        jwk,
        fc.integer({ min: 4, max: 80 }),
        fc.constantFrom('', '\n', '\r\n'),
        (bytes, json, width, end) => {
          assert.equal(encodingOf(bytes), 'der');
          assert.equal(encodingOf(Buffer.concat([bytes, Buffer.from(end)])), 'der');
          assert.equal(encodingOf(Buffer.from(wrapped(bytes, width) + end)), 'der');
          assert.equal(encodingOf(json), 'jwk');
          assertNoSecret(bytes, 'DER');
          assertNoSecret(json, 'JWK');
        },
      ),
    );
  });

  it('takes hexadecimal for a secret, also where its digits look like the tags and lengths of DER', () => {
    const digits = `0604${'0'.repeat(52)}`;
    assert.equal(encodingOf(Buffer.from(digits)), 'secret');
    assert.equal(encodingOf(Buffer.from(`${digits}\n`)), 'secret');
  });

  it('takes random bytes, hexadecimal and base64 for the secret that they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 64 }), (bytes) => {
        fc.pre(bytes[0] !== 0x30);
        const secret = Buffer.from(bytes);
        fc.pre(
          !secret
            .toString('latin1')
            .replaceAll('\0', '')
            .match(/^\s*\{/),
        );
        for (const contents of [secret, Buffer.from(secret.toString('hex')), Buffer.from(secret.toString('base64'))]) {
          assert.equal(encodingOf(contents), 'secret');
          const { algorithm, verification } = parseSigningKey(contents, 'f');
          const kept = contents.at(-1) === 0x0a ? contents.subarray(0, contents.at(-2) === 0x0d ? -2 : -1) : contents;
          assert.deepEqual([algorithm, Buffer.from(verification.key, 'base64')], ['HS256', kept]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('reads any bytes whatever without a fault', () => {
    const marks = fc.constantFrom(
      '-----BEGIN ',
      'PRIVATE KEY-----',
      '-----END',
      '0\u0082\u0001\u0000',
      '{',
      '"kty"',
      'ssh-rsa ',
      '\0',
      '\n',
    );
    const mixed = fc.array(fc.oneof(marks, fc.string())).map((parts) => Buffer.from(parts.join(''), 'latin1'));
    fc.assert(
      fc.property(
        fc.oneof(
          mixed,
          fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        ),
        (bytes) => {
          assert.ok(['pem', 'der', 'jwk', 'ssh', 'secret'].includes(encodingOf(bytes)));
          assert.ok(pemLabels(bytes).every((label) => /^[A-Z0-9 ]+$/.test(label)));
          assert.equal(typeof isEncrypted(bytes), 'boolean');
        },
      ),
      { numRuns: 500 },
    );
  });
});
