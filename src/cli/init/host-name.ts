/** What a server certificate is for: host names and addresses, checked and in the form X.509 carries them; run by `pamhook init`. */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { ConfigurationError } from '../../errors.js';

/** A subjectAltName (RFC 5280, 4.2.1.6). */
export interface HostName {
  readonly type: 'dns' | 'ip';
  readonly value: string;
}

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const MAX_NAME_LENGTH = 253;
/** More would make a certificate that some clients refuse for its size. */
export const MAX_HOST_NAMES = 100;

/** A comma list of names and addresses, none twice. Throws ConfigurationError. */
export function parseHostNames(list: string): readonly HostName[] {
  const names = list.split(',').map((text) => parseHostName(text.trim()));
  if (names.length > MAX_HOST_NAMES) {
    throw new ConfigurationError(`--hostname has ${names.length} names, more than ${MAX_HOST_NAMES}`);
  }
  return names.filter((name, at) => names.findIndex(({ value }) => value === name.value) === at);
}

/** A host name (RFC 1123, 2.1; other scripts by IDNA) or an IP address. Throws ConfigurationError. */
function parseHostName(text: string): HostName {
  // net.isIP() takes a zone (`fe80::1%eth0`), which means nothing outside this machine.
  if (isIP(text) !== 0 && !text.includes('%')) {
    return { type: 'ip', value: isIP(text) === 6 ? hexadecimalGroups(text) : text };
  }
  const name = asciiName(text).toLowerCase();
  const labels = name.split('.');
  // A number at the end makes it an address that is written badly: 10.0.0.256, 127.1.
  if (
    name.length > MAX_NAME_LENGTH ||
    !labels.every((label) => LABEL.test(label)) ||
    /^\d+$/.test(labels.at(-1) ?? '')
  ) {
    throw new ConfigurationError(`--hostname: ${JSON.stringify(text)} is neither a host name nor an IP address`);
  }
  return { type: 'dns', value: name };
}

/** The X.509 library takes the dotted tail of `::ffff:192.0.2.7` for one number; the URL standard's form has none (RFC 5952). */
function hexadecimalGroups(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}

/** Only names beyond ASCII are converted: domainToASCII() also rewrites numbers and percent signs. */
function asciiName(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : domainToASCII(text);
}
