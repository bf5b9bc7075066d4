/** The certificates of cert-file as one chain: each signed by the next, none missing, as clients will want it. */
import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { type Finding, fault, ok, warning } from './finding.js';

const BLOCK = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;
const SUBJECT = 'certificate-chain';

/** `now`: milliseconds since the epoch. The first certificate is known to be readable, and its dates are judged elsewhere. */
export function chainFindings(certPem: Buffer, now: number): Finding[] {
  const blocks = certPem.toString('latin1').match(BLOCK) ?? [];
  const chain: X509Certificate[] = [];
  for (const block of blocks) {
    const certificate = read(block);
    if (certificate === undefined) return [unreadable(chain.length + 1)];
    chain.push(certificate);
  }
  // One link out of place makes others look so.
  const faults = [
    ...linkFaults(chain).slice(0, 1),
    ...chain.slice(1).flatMap((issuer, at) => issuerFaults(issuer, at + 2, now)),
  ];
  return faults.length > 0 ? faults : [endFinding(chain)];
}

function read(block: string): X509Certificate | undefined {
  try {
    return new X509Certificate(block);
  } catch {
    return undefined;
  }
}

function unreadable(number: number): Finding {
  return fault(
    SUBJECT,
    `certificate ${number} of cert-file cannot be read`,
    'issue the certificate and its chain again',
  );
}

function linkFaults(chain: readonly X509Certificate[]): Finding[] {
  return chain.slice(0, -1).flatMap((subject, at) => {
    const next = chain[at + 1];
    return next === undefined || isSignedBy(subject, next) ? [] : [brokenLink(chain, subject, at + 2)];
  });
}

function issuerFaults(issuer: X509Certificate, number: number, now: number): Finding[] {
  const called = `certificate ${number}, ${nameOf(issuer)},`;
  if (!issuer.ca) return [fault(SUBJECT, `${called} is no CA certificate`, 'issue the chain again')];
  const [from, to] = [new Date(issuer.validFrom), new Date(issuer.validTo)];
  if (now >= from.getTime() && now <= to.getTime()) return [];
  const says = `${called} is valid only from ${from.toISOString()} to ${to.toISOString()}`;
  return [fault(SUBJECT, says, 'replace it by the current one of its issuer')];
}

function brokenLink(chain: readonly X509Certificate[], subject: X509Certificate, number: number): Finding {
  const cure = "the server's own certificate first, behind each the one that signed it";
  const elsewhere = chain.findIndex((other) => other !== subject && isSignedBy(subject, other));
  const signed = `certificate ${number} of cert-file did not sign certificate ${number - 1}, ${nameOf(subject)}`;
  if (elsewhere >= 0) return fault(SUBJECT, `out of order: ${signed}; certificate ${elsewhere + 1} did`, cure);
  return fault(
    SUBJECT,
    `an intermediate is missing: ${signed}`,
    `put the certificate of ${issuerOf(subject)} between them`,
  );
}

/** Above the last one stands what clients have of their own. */
function endFinding(chain: readonly X509Certificate[]): Finding {
  const last = chain.at(-1);
  if (last === undefined) return unreadable(1);
  const isOwnIssuer = isSignedBy(last, last);
  if (chain.length === 1 && isOwnIssuer) {
    const cure = 'have it issued by a CA, as pamhook init does, or give each client this very certificate as its CA';
    return warning(SUBJECT, 'the certificate is self-signed, without a CA', cure);
  }
  if (isOwnIssuer) return ok(SUBJECT, `${chain.length} certificates, up to the CA ${nameOf(last)}`);
  // Only published CAs say where their certificate is to be had, and clients have the roots of these alone.
  if (last.infoAccess?.includes('CA Issuers') && !isKnownRoot(last)) {
    const says = `an intermediate seems to be missing: the last certificate was issued by ${issuerOf(last)}, which is no known root`;
    return warning(
      SUBJECT,
      says,
      'append the certificates that came with it (fullchain.pem), unless clients trust that CA',
    );
  }
  return ok(SUBJECT, `${chain.length} in order; clients need the CA ${issuerOf(last)}`);
}

function isSignedBy(subject: X509Certificate, issuer: X509Certificate): boolean {
  return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}

function isKnownRoot(certificate: X509Certificate): boolean {
  return rootCertificates.some((pem) => isSignedBy(certificate, new X509Certificate(pem)));
}

function nameOf({ subject }: X509Certificate): string {
  return JSON.stringify(oneLine(subject));
}

function issuerOf({ issuer }: X509Certificate): string {
  return JSON.stringify(oneLine(issuer));
}

/** Node gives a line for each part of the name. */
function oneLine(name: string): string {
  return name.split('\n').join(', ');
}
