/** Throw-away CAs, the certificates of server and client under them, and the keys that `pamhook init` writes. */
import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import type { Extension } from '@peculiar/x509';
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
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** What kube-apiserver shows to be let in. PEM texts. */
export interface ClientIdentity {
  /** Of a CA of its own, so that no certificate for something else is let in. */
  readonly caCertificate: string;
  readonly certificate: string;
  readonly key: string;
}

/** Its common name. */
export const CLIENT_NAME = 'kube-apiserver';

/** Keys and certificates (RFC 5280) valid from `now`, milliseconds since the epoch. The CA's private key ends with this call. */
export async function makeIdentity(hostNames: readonly HostName[], now: number): Promise<Identity> {
  const x509 = await loadX509();
  const authority = await makeAuthority('pamhook throw-away CA', now);
  const names = new x509.SubjectAlternativeNameExtension([...hostNames]);
  const server = await authority.issue('CN=pamhook', SERVER_AUTH, [names]);
  const { privateKey } = await makeKeys();
  return { ...server, caCertificate: authority.certificate, signingKey: privateKeyPem(privateKey) };
}

/** The same for the client. */
export async function makeClientIdentity(now: number): Promise<ClientIdentity> {
  const authority = await makeAuthority('pamhook throw-away client CA', now);
  const client = await authority.issue(`CN=${CLIENT_NAME}`, CLIENT_AUTH, []);
  return { ...client, caCertificate: authority.certificate };
}

async function makeAuthority(title: string, now: number) {
  const x509 = await loadX509();
  const keys = await makeKeys();
  const serialNumber = makeSerialNumber();
  const name = `CN=${title} ${serialNumber.slice(-8)}`;
  const notBefore = wholeSecond(now - CLOCK_SKEW);
  const validity = { notBefore, notAfter: new Date(notBefore.getTime() + LIFETIME), signingAlgorithm: EC_P256 };
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber,
    name,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });

  async function issue(subject: string, usage: string, extensions: readonly Extension[]) {
    const own = await makeKeys();
    const issued = await x509.X509CertificateGenerator.create({
      ...validity,
      serialNumber: makeSerialNumber(),
      subject,
      issuer: name,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        ...extensions,
        await x509.SubjectKeyIdentifierExtension.create(own.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return { certificate: pemText(issued.toString('pem')), key: privateKeyPem(own.privateKey) };
  }

  return { certificate: pemText(authority.toString('pem')), issue };
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
