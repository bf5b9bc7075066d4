/** The compact form of a JWS (RFC 7515 section 7.1), read strictly: one token has one spelling. Run by the front. */
import { isUtf8 } from 'node:buffer';
import { parseObject } from './json-object.js';

/** A header of ours has some 120 characters; it is parsed before the signature is known to be right. */
export const MAX_HEADER_CHARACTERS = 1024;

export interface CompactJws {
  readonly header: string;
  readonly payload: string;
  readonly signature: Buffer;
  /** What the signature is over. */
  readonly signingInput: string;
}

/** The members our signers write, and no others: unlike RFC 7515 section 4 an unknown one is not passed over. */
export interface JoseHeader {
  readonly alg?: unknown;
  readonly kid?: unknown;
  readonly typ?: unknown;
}

/** The three parts of a token; undefined when it is no token in its canonical spelling. */
export function splitCompact(token: string): CompactJws | undefined {
  const [header, payload, signature, ...more] = token.split('.', 4);
  if (!header || !payload || !signature || more.length > 0) return undefined;
  const bytes = decodeSegment(signature);
  if (bytes === undefined) return undefined;
  return { header, payload, signature: bytes, signingInput: token.slice(0, header.length + 1 + payload.length) };
}

/** The JSON object in a segment, of which no member stands twice; undefined when there is none. */
export function decodeObject(segment: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = decodeSegment(segment);
  return bytes === undefined || !isUtf8(bytes) ? undefined : parseObject(bytes.toString());
}

/** The header, with `alg` and `kid` still to be judged by the keys there are. */
export function decodeHeader(segment: string): JoseHeader | 'malformed' | 'unsupported header' {
  const header = segment.length > MAX_HEADER_CHARACTERS ? undefined : decodeObject(segment);
  if (header === undefined) return 'malformed';
  return hasOnlyKnownMembers(header) && isJwtType(header['typ']) ? header : 'unsupported header';
}

/** No `crit` (RFC 7515 section 4.1.11), `b64` (RFC 7797) or key of the token's own (`jku`, `jwk`, `x5u`, `x5c`) has an effect this way. */
function hasOnlyKnownMembers(header: object): boolean {
  return Object.keys(header).every((name) => name === 'alg' || name === 'kid' || name === 'typ');
}

/** RFC 7519 section 5.1: absent, or "JWT" in any case. */
function isJwtType(typ: unknown): boolean {
  return typ === undefined || (typeof typ === 'string' && /^jwt$/i.test(typ));
}

/**
 * Node's decoder skips what is not of the alphabet and drops spare bits at the end, so that many spellings give the same
 * bytes; only the one that comes out again is taken.
 */
function decodeSegment(segment: string): Buffer | undefined {
  const bytes = Buffer.from(segment, 'base64url');
  return bytes.toString('base64url') === segment ? bytes : undefined;
}
