import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { ConfigurationError } from '#src/errors.js';
import { checkCertificate, MAX_CERTIFICATE_BYTES, namesIn } from '#src/keys/certificate.js';
import { fc } from '../harness/property.js';
import { type CertificateOptions, DAY, newCertificate, now } from './certificates.js';

async function check(options: CertificateOptions = {}, at = now) {
  const { certificate, key } = await newCertificate(options);
  return checkCertificate(Buffer.from(certificate), Buffer.from(key), at);
}

function isFault(message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert(error instanceof ConfigurationError);
    assert.match(error.message, message);
    assert(error.cure);
    return true;
  };
}

describe('checkCertificate()', () => {
  it('finds nothing wrong with a good pair, and tells its names and its end', async () => {
    const names = [
      { type: 'dns', value: 'pamhook.example' },
      { type: 'ip', value: '192.0.2.1' },
      { type: 'dns', value: '*.pamhook.example' },
    ] as const;
    const { warnings, notAfter, names: found } = await check({ names: [...names], notAfter: now + 100 * DAY });
    assert.deepEqual(warnings, []);
    assert.deepEqual(found, ['pamhook.example', '192.0.2.1', '*.pamhook.example']);
    assert.equal(notAfter.getTime(), now + 100 * DAY);
  });

  it('takes RSA keys too', async () => {
    const publicExponent = new Uint8Array([1, 0, 1]);
    const rsa = (modulusLength: number) => ({
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      publicExponent,
      modulusLength,
    });
    assert.deepEqual((await check({ algorithm: rsa(2048) })).warnings, []);
    await assert.rejects(check({ algorithm: rsa(1024) }), isFault(/rsa 1024/));
  });

  it('takes a chain behind the certificate', async () => {
    const { certificate, key } = await newCertificate();
    const other = await newCertificate();
    checkCertificate(Buffer.from(certificate + other.certificate), Buffer.from(key), now);
  });

  it('refuses a damaged chain behind a good certificate', async () => {
    const { certificate, key } = await newCertificate();
    const chain = Buffer.from(certificate + certificate.replace('MI', 'AA'));
    assert.throws(() => checkCertificate(chain, Buffer.from(key), now), isFault(/TLS cannot use/));
  });

  it('refuses the key of another certificate', async () => {
    const [{ certificate }, { key }] = [await newCertificate(), await newCertificate()];
    assert.throws(
      () => checkCertificate(Buffer.from(certificate), Buffer.from(key), now),
      isFault(/not that of the certificate/),
    );
  });

  it('refuses a certificate that is not valid yet and names the date', async () => {
    await assert.rejects(check({ notBefore: now + 1000 }), isFault(/not valid before 2030-01-01T00:00:01/));
    await check({ notBefore: now });
  });

  it('refuses an expired certificate and names the date', async () => {
    await assert.rejects(check({ notAfter: now - 1000 }), isFault(/expired on 2029-12-31T23:59:59/));
    await check({ notAfter: now });
  });

  it('warns within 14 days of the end', async () => {
    assert.match((await check({ notAfter: now + 14 * DAY - 1000 })).warnings.join(), /expires on 2030-01-14T23:59:59/);
    assert.deepEqual((await check({ notAfter: now + 14 * DAY })).warnings, []);
  });

  it('warns about a certificate without names', async () => {
    const { warnings, names } = await check({ names: [] });
    assert.deepEqual(names, []);
    assert.match(warnings.join(), /subjectAltName/);
  });

  it('refuses what is no certificate', async () => {
    const { certificate, key } = await newCertificate();
    const refuses = (pem: string | Buffer, message: RegExp) =>
      assert.throws(() => checkCertificate(Buffer.from(pem), Buffer.from(key), now), isFault(message));
    refuses('', /no PEM certificate/);
    refuses(key, /no PEM certificate/);
    refuses(certificate.replace('MI', 'AA'), /cannot be read/);
    refuses(Buffer.alloc(MAX_CERTIFICATE_BYTES + 1), /larger than/);
  });

  it('refuses what is no private key, and an encrypted one', async () => {
    const { certificate, key } = await newCertificate();
    const encrypted = createPrivateKey(key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'open',
    });
    const refuses = (pem: string | Buffer, message: RegExp) =>
      assert.throws(() => checkCertificate(Buffer.from(certificate), Buffer.from(pem), now), isFault(message));
    refuses('', /no private key/);
    refuses(certificate, /no private key/);
    refuses(encrypted, /is encrypted/);
  });

  it('refuses a key of a kind that clients do not take', async () => {
    await assert.rejects(check({ algorithm: { name: 'Ed25519' } }), isFault(/ed25519/));
  });
});

describe('namesIn()', () => {
  it('gives the DNS names and addresses of any certificate, and none that only stands in another kind of name', async () => {
    const odd = fc.constantFrom(
      'a.example',
      '*.b.example',
      'a,DNS:evil',
      'a, DNS:evil',
      '"',
      '\\',
      "'",
      '\n',
      '\0',
      'DNS:',
      'x"',
      ',',
    );
    const dns = fc
      .oneof(odd, fc.string({ minLength: 1, maxLength: 8 }))
      .map((value) => ({ type: 'dns' as const, value }));
    const url = fc
      .constantFrom('https://a/DNS:evil', 'https://a,DNS:evil', 'urn:IP Address:192.0.2.9', 'u:"')
      .map((value) => ({ type: 'url' as const, value }));
    const ip = fc.ipV4().map((value) => ({ type: 'ip' as const, value }));
    const names = fc.array(fc.oneof({ weight: 3, arbitrary: dns }, url, ip), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(names, async (given) => {
        const { certificate } = await newCertificate({ names: given });
        const wanted = given.filter(({ type }) => type !== 'url').map(({ value }) => value);
        assert.deepEqual(namesIn(new X509Certificate(certificate)), wanted);
      }),
      { numRuns: 150 },
    );
  });
});
