/** Strict base64 of UTF-8 text, as credentials and further responses carry it; runs in the front. */
import { isUtf8 } from 'node:buffer';

const ALPHABET = /^[A-Za-z0-9+/]*={0,2}$/;

/** The bytes (RFC 4648, 4): canonical base64, padded, of valid UTF-8. undefined for anything else. */
export function decodeBase64Text(encoded: string): Buffer | undefined {
  if (encoded.length % 4 !== 0 || !ALPHABET.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  // Two spellings of one password are one too many: the unused bits must be zero.
  return isUtf8(bytes) && bytes.toString('base64') === encoded ? bytes : undefined;
}
