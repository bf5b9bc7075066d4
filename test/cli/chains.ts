/** Certificates that sign each other, for tests. */
import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import {
  AuthorityInfoAccessExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsageExtension,
  type Extension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

const DAY = 24 * 60 * 60 * 1000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

cryptoProvider.set(webcrypto as unknown as Parameters<typeof cryptoProvider.set>[0]);

export interface Issued {
  readonly name: string;
  readonly keys: webcrypto.CryptoKeyPair;
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  readonly ca?: boolean;
  /** DNS names. */
  readonly names?: readonly string[];
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** Extended key usages, by OID. */
  readonly purposes?: readonly string[];
  /** Where the issuer's certificate is to be had, as published CAs say it. */
  readonly caIssuers?: string;
}

/** A certificate signed by the issuer, or by itself without one; for localhost, and from yesterday for a year unless asked otherwise. */
export async function issue(name: string, issuer: Issued | undefined, options: IssueOptions = {}): Promise<Issued> {
  const { notBefore = Date.now() - DAY, notAfter = Date.now() + 365 * DAY } = options;
  const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: `CN=${issuer?.name ?? name}`,
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: extensionsOf(options),
  } as Parameters<typeof X509CertificateGenerator.create>[0]);
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { name, keys, cert: `${certificate.toString('pem')}\n`, key };
}

function extensionsOf({ ca = false, names = ['localhost'], purposes = [], caIssuers }: IssueOptions): Extension[] {
  return [
    new BasicConstraintsExtension(ca, undefined, true),
    ...(ca || names.length === 0
      ? []
      : [new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value })))]),
    ...(purposes.length === 0 ? [] : [new ExtendedKeyUsageExtension([...purposes])]),
    ...(caIssuers === undefined ? [] : [new AuthorityInfoAccessExtension({ caIssuers })]),
  ];
}
