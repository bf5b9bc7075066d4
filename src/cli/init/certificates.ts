/** A throw-away CA, a server certificate under it, and the keys that `pamhook init` writes. */
import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import type { HostName } from './host-name.js';

/** PEM texts. */
export interface Identity {
  readonly caCertificate: string;
  readonly certificate: string;
  readonly key: string;
  readonly signingKey: string;
}

const DAY = 24 * 60 * 60 * 1000;
/** Clients that limit a server certificate's life (Apple's) take 398 days at most. */
const LIFETIME = 397 * DAY;
/** A client whose clock is a little behind shall take the certificate too. */
const CLOCK_SKEW = 5 * 60 * 1000;
const EC_P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/** Keys and certificates (RFC 5280) valid from `now`, milliseconds since the epoch. The CA's private key ends with this call. */
export async function makeIdentity(hostNames: readonly HostName[], now: number): Promise<Identity> {
  const x509 = await loadX509();
  const [caKeys, serverKeys, signingKeys] = await Promise.all([makeKeys(), makeKeys(), makeKeys()]);
  const serial = makeSerialNumber();
  const issuer = `CN=pamhook throw-away CA ${serial.slice(-8)}`;
  const notBefore = wholeSecond(now - CLOCK_SKEW);
  const validity = { notBefore, notAfter: new Date(notBefore.getTime() + LIFETIME), signingAlgorithm: EC_P256 };
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber: serial,
    name: issuer,
    keys: caKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const server = await x509.X509CertificateGenerator.create({
    ...validity,
    serialNumber: makeSerialNumber(),
    subject: 'CN=pamhook',
    issuer,
    publicKey: serverKeys.publicKey,
    signingKey: caKeys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([SERVER_AUTH]),
      new x509.SubjectAlternativeNameExtension([...hostNames]),
      await x509.SubjectKeyIdentifierExtension.create(serverKeys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  return {
    caCertificate: pemText(authority.toString('pem')),
    certificate: pemText(server.toString('pem')),
    key: privateKeyPem(serverKeys.privateKey),
    signingKey: privateKeyPem(signingKeys.privateKey),
  };
}

/** Loaded here and not above: `pamhook serve` shall not pay for a library that it does not use. */
async function loadX509() {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(EC_P256, true, ['sign', 'verify']);
}

/** 16 octets, random, positive and without a leading zero octet (RFC 5280, 4.1.2.2; DER), in hexadecimal. */
function makeSerialNumber(): string {
  const octets = randomBytes(16);
  octets[0] = 0x40 | ((octets[0] ?? 0) & 0x3f);
  return octets.toString('hex');
}

/** X.509 times have whole seconds. */
function wholeSecond(time: number): Date {
  return new Date(Math.floor(time / 1000) * 1000);
}

function privateKeyPem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
}

function pemText(pem: string): string {
  return `${pem.trimEnd()}\n`;
}
