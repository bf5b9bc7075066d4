/** Real self-signed certificates for tests. */
import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { pkcs8 } from './generated-keys.js';

export const DAY = 24 * 60 * 60 * 1000;
export const now = Date.UTC(2030, 0, 1);

export interface CertificateOptions {
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly names?: ConstructorParameters<typeof SubjectAlternativeNameExtension>[0];
  readonly algorithm?: webcrypto.Algorithm;
}

const p256: webcrypto.EcKeyGenParams = { name: 'ECDSA', namedCurve: 'P-256' };

/** Both in PEM. P-256, a year from `now` on, for localhost, unless asked otherwise. */
export async function newCertificate(options: CertificateOptions = {}) {
  const { notBefore = now - DAY, notAfter = now + 365 * DAY, names = [{ type: 'dns', value: 'localhost' }] } = options;
  const { algorithm = p256 } = options;
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=pamhook test',
      notBefore: new Date(notBefore),
      notAfter: new Date(notAfter),
      signingAlgorithm: algorithm.name === 'ECDSA' ? { name: 'ECDSA', hash: 'SHA-256' } : algorithm,
      keys,
      extensions: Array.isArray(names) && names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)],
    },
    webcrypto as unknown as Parameters<typeof X509CertificateGenerator.createSelfSigned>[1],
  );
  return { certificate: `${certificate.toString('pem')}\n`, key: pkcs8(KeyObject.from(keys.privateKey)).toString() };
}
