/** Verifies form, header and signature of tokens, by jsonwebtoken, with verification keys only; run by the front. */
import {
  createHmac,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
  verify as verifySignature,
} from 'node:crypto';
import jwt from 'jsonwebtoken';
import { UnavailableError } from '../errors.js';
import { kindOf } from './algorithm.js';
import { type CompactJws, decodeHeader, decodeObject, splitCompact } from './compact-jws.js';
import type { VerificationMaterial } from './key-material.js';
import type { Algorithm, TokenFault, Verification, Verifier } from './keys.js';

interface VerificationKey {
  readonly algorithm: Algorithm;
  readonly kid: string;
  readonly key: KeyObject;
}

/** A verifier for several keys, told apart by `kid`. Throws UnavailableError with ERR_KEY_UNAVAILABLE when one is not a key of its algorithm. */
export function importVerifier(materials: readonly VerificationMaterial[]): Verifier {
  const keys = new Map(materials.map((material) => [material.kid, importKey(material)]));
  const headers = new Map<string, VerificationKey>();
  return { verify: (token) => verify(token, keys, headers) };
}

/** Headers of right tokens, as they are spelled: a signer writes the same one each time. */
const MOST_HEADERS = 64;

function importKey({ algorithm, kid, key: text }: VerificationMaterial): VerificationKey {
  const key = readKey(algorithm, text);
  const kind = key === undefined ? undefined : kindOf(key);
  if (key === undefined || kind === undefined || !('algorithm' in kind) || kind.algorithm !== algorithm) {
    throw new UnavailableError('ERR_KEY_UNAVAILABLE', `verification key ${kid} is not one for ${algorithm}`);
  }
  return { algorithm, kid, key };
}

function readKey(algorithm: Algorithm, text: string): KeyObject | undefined {
  // createPublicKey() takes private keys too, and the front must hold none.
  if (text.includes('PRIVATE KEY')) return undefined;
  try {
    return algorithm === 'HS256' ? createSecretKey(text, 'base64') : createPublicKey(text);
  } catch {
    return undefined;
  }
}

function verify(
  token: string,
  keys: ReadonlyMap<string, VerificationKey>,
  headers: Map<string, VerificationKey>,
): Verification {
  const jws = splitCompact(token);
  if (jws === undefined) return refused('malformed');
  const key = headers.get(jws.header) ?? keyFor(jws, keys);
  if (typeof key === 'string') return refused(key);
  const verification = verifyWith(key, jws, token);
  if (verification.valid && headers.size < MOST_HEADERS) headers.set(jws.header, key);
  return verification;
}

function keyFor(jws: CompactJws, keys: ReadonlyMap<string, VerificationKey>): VerificationKey | TokenFault {
  const header = decodeHeader(jws.header);
  if (typeof header === 'string') return header;
  const key = typeof header.kid === 'string' ? keys.get(header.kid) : undefined;
  if (key === undefined) return 'unknown key';
  return header.alg === key.algorithm ? key : 'wrong algorithm';
}

/**
 * The signature alone first: a forgery then costs no more than the arithmetic, and no payload is parsed that a key of
 * ours did not sign. The yes is jsonwebtoken's.
 */
function verifyWith(key: VerificationKey, jws: CompactJws, token: string): Verification {
  try {
    if (!isSigned(jws, key)) return refused('bad signature');
    if (decodeObject(jws.payload) === undefined) return refused('malformed');
    const options = { algorithms: [key.algorithm], ignoreExpiration: true, ignoreNotBefore: true };
    return { valid: true, claims: jwt.verify(token, key.key, options) as Record<string, unknown>, kid: key.kid };
  } catch (cause) {
    if (cause instanceof jwt.JsonWebTokenError) return refused('bad signature');
    throw new UnavailableError('ERR_KEY_UNAVAILABLE', `the key ${key.kid} could not be used`, { cause });
  }
}

/** RFC 7518 sections 3.2 to 3.4. */
function isSigned({ signature, signingInput }: CompactJws, { algorithm, key }: VerificationKey): boolean {
  if (algorithm === 'HS256') {
    const mac = createHmac('sha256', key).update(signingInput).digest();
    return mac.length === signature.length && timingSafeEqual(mac, signature);
  }
  const digest = algorithm === 'ES384' ? 'sha384' : 'sha256';
  return verifySignature(digest, Buffer.from(signingInput), { key, dsaEncoding: 'ieee-p1363' }, signature);
}

function refused(fault: TokenFault): Verification {
  return { valid: false, fault };
}
