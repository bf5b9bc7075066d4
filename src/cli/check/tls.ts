/** Findings on cert-file and key-file. */
import type { X509Certificate } from 'node:crypto';
import {
  checkDates,
  checkPair,
  checkTlsKey,
  checkUsable,
  expiryWarning,
  namesIn,
  namesWarning,
  readCertificate,
  readTlsKey,
} from '../../keys/certificate.js';
import { readClientCa } from '../../privsep/ca-file.js';
import { checkPermissions, readKeyFile } from '../../privsep/key-files.js';
import type { HostName } from '../init/host-name.js';
import { chainFindings } from './chain.js';
import { examine, type Finding, fault, ok, type Setup } from './finding.js';

const DAY = 24 * 60 * 60 * 1000;
const RENEW = 'renew the certificate; a running pamhook needs the new one too';
/** RFC 5280, 4.2.1.12: id-kp-serverAuth, anyExtendedKeyUsage. */
const FOR_SERVERS = ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'];

export async function tlsFindings({ settings, native, hostNames, now }: Setup): Promise<Finding[]> {
  const { certFile, keyFile } = settings;
  const cert = await examine('certificate', () => {
    const { bytes } = readKeyFile(certFile, 'cert-file', { native });
    return { bytes, certificate: readCertificate(bytes) };
  });
  const own = await certificateFindings(cert.value, hostNames, now());
  const key = await examine('tls-key', () => readKeyFile(keyFile, 'key-file', { native }));
  if (key.value === undefined) return [...cert.findings, ...own, ...key.findings];
  const { bytes, stat } = key.value;
  const permissions = await examine('tls-key', (log) => checkPermissions(keyFile, 'key-file', stat, log), {
    cure: `chmod 600 ${keyFile}`,
  });
  const pair = await pairFindings(cert.value, bytes);
  bytes.fill(0);
  return [...cert.findings, ...own, ...permissions.findings, ...pair];
}

/** None where there is no client-ca-file. */
export async function clientCaFindings({ settings, native, now }: Setup): Promise<readonly Finding[]> {
  const { clientCaFile, clientCaSubject } = settings;
  if (clientCaFile === undefined) return [];
  const who = clientCaSubject.length === 0 ? 'everybody with a certificate of it' : clientCaSubject.join(' or ');
  const ca = await examine('client-ca', (log) => readClientCa(clientCaFile, { native, log, now }), {
    fine: () => `${clientCaFile}: ${who} may ask for reviews`,
    cure: 'take it out of the file once nobody shows a certificate of it',
  });
  return ca.findings;
}

interface Read {
  readonly bytes: Buffer;
  readonly certificate: X509Certificate;
}

async function certificateFindings(
  read: Read | undefined,
  hostNames: readonly HostName[],
  now: number,
): Promise<Finding[]> {
  if (read === undefined) return [];
  const { bytes, certificate } = read;
  const notAfter = new Date(certificate.validTo);
  const left = Math.floor((notAfter.getTime() - now) / DAY);
  const dates = await examine(
    'certificate-dates',
    (log) => {
      checkDates(certificate, now);
      const soon = expiryWarning(notAfter, now);
      if (soon !== undefined) log.warn(soon);
    },
    { fine: () => `valid until ${notAfter.toISOString()}, for ${left} days`, cure: RENEW },
  );
  return [
    ...chainFindings(bytes, now),
    ...purposeFindings(certificate),
    ...dates.findings,
    ...nameFindings(certificate, hostNames),
  ];
}

function purposeFindings({ keyUsage }: X509Certificate): Finding[] {
  // Node's `keyUsage` is the extended one.
  if (keyUsage === undefined || keyUsage.some((purpose) => FOR_SERVERS.includes(purpose))) return [];
  return [
    fault('certificate', 'the certificate in cert-file is not for servers', 'issue one for TLS server authentication'),
  ];
}

/** Go's clients, kube-apiserver among them, take no name from the subject. */
function nameFindings(certificate: X509Certificate, hostNames: readonly HostName[]): Finding[] {
  const missing = namesWarning(certificate);
  const cure = 'issue a certificate for all names and addresses by which clients reach pamhook';
  if (missing !== undefined) return [fault('certificate-names', missing, cure)];
  const covered = namesIn(certificate).join(', ');
  const uncovered = hostNames.filter((name) => !covers(certificate, name));
  if (uncovered.length === 0) return [ok('certificate-names', `for ${covered}`)];
  return uncovered.map(({ value }) =>
    fault('certificate-names', `the certificate is not for ${value}, but for ${covered}`, cure),
  );
}

function covers(certificate: X509Certificate, { type, value }: HostName): boolean {
  if (type === 'ip') return certificate.checkIP(value) !== undefined;
  return certificate.checkHost(value, { subject: 'never' }) !== undefined;
}

async function pairFindings(cert: Read | undefined, keyPem: Buffer): Promise<readonly Finding[]> {
  const key = await examine('tls-key', () => readTlsKey(keyPem));
  const { value } = key;
  if (value === undefined) return key.findings;
  const kind = await examine('tls-key', () => checkTlsKey(value), {
    ...(cert === undefined ? { fine: () => `${value.asymmetricKeyType}` } : {}),
  });
  if (cert === undefined) return kind.findings;
  const pair = await examine('tls-key', () => checkPair(cert.certificate, value), {
    fine: () => `${value.asymmetricKeyType}, that of the certificate`,
  });
  if (pair.findings.some(({ level }) => level === 'fault')) return [...kind.findings, ...pair.findings];
  const usable = await examine('certificate', () => checkUsable(cert.bytes, keyPem), { fine: () => 'usable by TLS' });
  return [...kind.findings, ...pair.findings, ...usable.findings];
}
