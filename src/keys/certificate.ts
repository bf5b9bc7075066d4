/** Whether a TLS certificate and its private key can serve now; run by the supervisor before anything listens. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { ConfigurationError } from '../errors.js';
import { MIN_RSA_BITS } from './algorithm.js';
import { isEncrypted } from './key-encoding.js';

/** Room for a chain; a single certificate has 1 to 2 KiB. */
export const MAX_CERTIFICATE_BYTES = 256 * 1024;
export const EXPIRY_WARNING_DAYS = 14;

const DAY = 24 * 60 * 60 * 1000;
const tlsCurves: readonly (string | undefined)[] = ['prime256v1', 'secp384r1', 'secp521r1'];

export interface CertificateCheck {
  readonly warnings: readonly string[];
  readonly notAfter: Date;
  /** DNS names and IP addresses of subjectAltName. */
  readonly names: readonly string[];
}

/**
 * `certPem`: the server's own certificate first, then its chain. `now`: milliseconds since the epoch.
 * Throws ConfigurationError, which names `cert-file` or `key-file` and the cure.
 */
export function checkCertificate(certPem: Buffer, keyPem: Buffer, now: number): CertificateCheck {
  const certificate = readCertificate(certPem);
  const key = readTlsKey(keyPem);
  checkTlsKey(key);
  checkPair(certificate, key);
  checkDates(certificate, now);
  checkUsable(certPem, keyPem);
  const notAfter = new Date(certificate.validTo);
  const warnings = [expiryWarning(notAfter, now), namesWarning(certificate)].filter((text) => text !== undefined);
  return { warnings, notAfter, names: namesIn(certificate) };
}

/** The first certificate of the file. Throws ConfigurationError, as all checks here do. */
export function readCertificate(certPem: Buffer): X509Certificate {
  const cure = "give the server's certificate in PEM, followed by its chain";
  if (certPem.length > MAX_CERTIFICATE_BYTES)
    throw fault(`cert-file is larger than ${MAX_CERTIFICATE_BYTES} bytes`, cure);
  if (!certPem.includes('-----BEGIN CERTIFICATE-----')) throw fault('cert-file holds no PEM certificate', cure);
  try {
    return new X509Certificate(certPem);
  } catch (cause) {
    throw new ConfigurationError('the certificate in cert-file cannot be read', cure, { cause });
  }
}

export function readTlsKey(keyPem: Buffer): KeyObject {
  const cure = 'give the unencrypted private key of the certificate in PEM';
  if (isEncrypted(keyPem)) throw fault('the key in key-file is encrypted', cure);
  try {
    return createPrivateKey(keyPem);
  } catch {
    // The cause is left out: nothing that came near the key is carried into a log.
    throw fault('key-file holds no private key that can be read', cure);
  }
}

/** Whether the key is of a kind that clients accept. */
export function checkTlsKey(key: KeyObject): void {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  const fits =
    (key.asymmetricKeyType === 'rsa' && modulusLength >= MIN_RSA_BITS) ||
    (key.asymmetricKeyType === 'ec' && tlsCurves.includes(namedCurve));
  if (fits) return;
  const kind = `${key.asymmetricKeyType} ${namedCurve ?? modulusLength}`;
  throw fault(
    `the key in key-file (${kind}) is of a kind that not every client accepts`,
    `use an EC key (P-256, P-384, P-521) or an RSA key of at least ${MIN_RSA_BITS} bits`,
  );
}

export function checkPair(certificate: X509Certificate, key: KeyObject): void {
  if (certificate.checkPrivateKey(key)) return;
  throw fault(
    'the key of key-file is not that of the certificate in cert-file',
    "give the files of one pair, the server's own certificate first in cert-file",
  );
}

/** `now`: milliseconds since the epoch. */
export function checkDates(certificate: X509Certificate, now: number): void {
  const from = new Date(certificate.validFrom);
  const to = new Date(certificate.validTo);
  if (now < from.getTime()) {
    throw fault(`the certificate in cert-file is not valid before ${from.toISOString()}`, 'check the clock, or wait');
  }
  if (now > to.getTime()) {
    throw fault(`the certificate in cert-file expired on ${to.toISOString()}`, 'renew the certificate');
  }
}

/** Of the first certificate in PEM: from when to when it is good, milliseconds since the epoch. */
export function validityOf(certPem: string): { readonly from: number; readonly to: number } {
  const { validFrom, validTo } = new X509Certificate(certPem);
  return { from: Date.parse(validFrom), to: Date.parse(validTo) };
}

/** What OpenSSL itself has against the pair: a damaged chain, a signature too weak for its security level. */
export function checkUsable(cert: Buffer, key: Buffer): void {
  try {
    // No CA: Node would read all of its own, and nothing is judged by them here.
    createSecureContext({ cert, key, ca: [] });
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : 'unknown';
    throw new ConfigurationError(
      `TLS cannot use cert-file and key-file (${said})`,
      'issue the certificate and its chain again',
      { cause },
    );
  }
}

/** DNS names and IP addresses of subjectAltName, in Node's text form: `DNS:a.example, IP Address:192.0.2.1`, a value with odd characters as JSON. */
export function namesIn({ subjectAltName = '' }: X509Certificate): string[] {
  // All kinds are taken apart: what looks like a name may stand within one of another kind.
  const names = subjectAltName.matchAll(/(?:^|, )([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)/gy);
  return [...names]
    .filter(([, kind]) => kind === 'DNS' || kind === 'IP Address')
    .map(([, , name = '']) => (name.startsWith('"') ? JSON.parse(name) : name));
}

/** `now`: milliseconds since the epoch. */
export function expiryWarning(notAfter: Date, now: number): string | undefined {
  if (notAfter.getTime() - now >= EXPIRY_WARNING_DAYS * DAY) return undefined;
  return `the certificate in cert-file expires on ${notAfter.toISOString()}`;
}

export function namesWarning(certificate: X509Certificate): string | undefined {
  if (namesIn(certificate).length > 0) return undefined;
  return 'the certificate in cert-file names no host in subjectAltName: most clients will refuse it';
}

function fault(message: string, cure: string): ConfigurationError {
  return new ConfigurationError(message, cure);
}
