/** What the bytes of a key file are, told before anything is made of them: a broken key must never pass for an HMAC secret. */

export type KeyEncoding = 'pem' | 'der' | 'jwk' | 'ssh' | 'secret';

/** Also what a marker is when its dashes, and the ends of lines around it, were lost on the way. */
const pemMarker = /-----(?:BEGIN|END)\b|(?:BEGIN|END) [A-Z0-9 ]*(?:KEY|CERTIFICATE)/;

export function encodingOf(contents: Buffer): KeyEncoding {
  // Without NULs, so that a PEM file saved as UTF-16 is still seen to be one.
  const text = contents.toString('latin1').replaceAll('\0', '');
  if (pemMarker.test(text)) return 'pem';
  if ((isBinary(contents) && isDer(contents)) || isDer(Buffer.from(text, 'base64'))) return 'der';
  if (/^\s*\{/.test(text) && text.includes('"kty"')) return 'jwk';
  if (/^\s*(?:ssh-|ecdsa-sha2-|PuTTY-)/.test(text)) return 'ssh';
  return 'secret';
}

/** The labels of all PEM blocks that are opened (RFC 7468), in order. */
export function pemLabels(contents: Buffer): string[] {
  return [...contents.toString('latin1').matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map((match) => match[1] ?? '');
}

/** PKCS #8, or the older form of OpenSSL. */
export function isEncrypted(pem: Buffer): boolean {
  return /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem.toString('latin1'));
}

const INTEGER = 0x02;
const SEQUENCE = 0x30;

/**
 * Every key and certificate in DER is one SEQUENCE whose parts fill it to the last byte and begin with an INTEGER or a
 * SEQUENCE. A random secret that happens to start with 0x30 is not that.
 */
function isDer(contents: Buffer): boolean {
  const outer = element(contents, 0);
  if (outer?.tag !== SEQUENCE || !endsThere(contents, outer.end)) return false;
  const first = element(contents, outer.start);
  return (first?.tag === INTEGER || first?.tag === SEQUENCE) && isFilled(contents, outer);
}

/** Every key and certificate in DER has an INTEGER in it. A secret in hexadecimal begins with 0x30 wherever its first digit is 0. */
function isBinary(contents: Buffer): boolean {
  return contents.includes(INTEGER);
}

function endsThere(contents: Buffer, end: number): boolean {
  return end === contents.length || /^\r?\n$/.test(contents.toString('latin1', end));
}

function isFilled(contents: Buffer, outer: Element): boolean {
  let at = outer.start;
  while (at < outer.end) {
    const part = element(contents, at);
    if (part === undefined || part.end > outer.end) return false;
    at = part.end;
  }
  return true;
}

interface Element {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** Tag and length of the element at an offset (X.690 section 8.1), as far as keys use them: lengths up to 65,535. */
function element(contents: Buffer, at: number): Element | undefined {
  const [tag, short, high, low] = contents.subarray(at, at + 4);
  if (tag === undefined || short === undefined) return undefined;
  if (short < 0x80) return whole(contents, tag, at + 2, short);
  if (short === 0x81 && high !== undefined) return whole(contents, tag, at + 3, high);
  if (short === 0x82 && high !== undefined && low !== undefined) return whole(contents, tag, at + 4, high * 256 + low);
  return undefined;
}

function whole(contents: Buffer, tag: number, start: number, length: number): Element | undefined {
  const end = start + length;
  return end > contents.length ? undefined : { tag, start, end };
}
