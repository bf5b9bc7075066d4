/** The `kid` of a key: the same wherever and whenever the key is read, and telling nothing of a secret. */
import { createHash, createHmac, type KeyObject } from 'node:crypto';

const HMAC_LABEL = 'pamhook key id v1';
const HMAC_ID_BYTES = 16;

export function keyId(key: KeyObject): string {
  return key.type === 'secret' ? secretId(key) : thumbprint(key);
}

/** RFC 7638 section 3: SHA-256 over the required members alone, in lexicographic order. */
function thumbprint(key: KeyObject): string {
  const { crv, e, kty, n, x, y } = key.export({ format: 'jwk' });
  const members = kty === 'EC' ? { crv, kty, x, y } : { e, kty, n };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}

/**
 * A keyed digest with the secret as the key. Whoever sees it can try guesses against it, as they can against the
 * signature of the same token: a guessable secret is lost either way, which is why a short one is warned about.
 */
function secretId(key: KeyObject): string {
  const digest = createHmac('sha256', key).update(HMAC_LABEL).digest();
  return digest.subarray(0, HMAC_ID_BYTES).toString('base64url');
}
