/** Reads files of CA certificates; each fault names option, file and cure. Runs in the supervisor. */
import { X509Certificate } from 'node:crypto';
import { ConfigurationError } from '../errors.js';
import { type Reading, readKeyFile } from './key-files.js';
import { MAX_CA } from './protocol.js';

const CLIENT_CA = 'client-ca-file';

/** PEM, every certificate in it readable. Throws ConfigurationError. */
export function readCaFile(option: string, file: string, reading: Pick<Reading, 'native'>): string {
  const { bytes } = readKeyFile(file, option, reading);
  if (bytes.length > MAX_CA)
    throw new ConfigurationError(
      `${option} ${file}: larger than ${MAX_CA / 1024} KiB`,
      'leave in it the certificates that are needed',
    );
  const pem = bytes.toString('utf8');
  certificatesIn(pem, option, file);
  return pem;
}

/** Node's own reading of a CA passes over what it cannot read. */
function certificatesIn(pem: string, option: string, file: string): X509Certificate[] {
  try {
    const blocks = pem.split(/(?=-----BEGIN )/).filter((block) => block.startsWith('-----BEGIN '));
    if (blocks.length === 0) throw new Error('no certificate in it');
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new ConfigurationError(`${option} ${file}: is no PEM certificate`, 'name a file of certificates', { cause });
  }
}

/** For certificates of clients, which OpenSSL follows up to a root that is in force. Throws ConfigurationError. */
export function readClientCa(file: string, { native, log, now }: Reading): string {
  const pem = readCaFile(CLIENT_CA, file, { native });
  const roots = certificatesIn(pem, CLIENT_CA, file).filter(isRoot);
  if (roots.length === 0)
    throw new ConfigurationError(
      `${CLIENT_CA} ${file}: holds no root, so that nobody could be let in`,
      'give the self-signed certificate of the CA that signs client certificates, beside the intermediate ones',
    );
  const ended = roots.filter(({ validTo }) => Date.parse(validTo) < now());
  if (ended.length === roots.length)
    throw new ConfigurationError(
      `${CLIENT_CA} ${file}: its CA expired on ${new Date(ended[0]?.validTo ?? 0).toISOString()}`,
      'give the CA that signs client certificates now',
    );
  if (ended.length > 0) log.warn('client-ca-file has a CA that has expired', { file, subject: ended[0]?.subject });
  return pem;
}

function isRoot(certificate: X509Certificate): boolean {
  return certificate.ca && certificate.checkIssued(certificate);
}
