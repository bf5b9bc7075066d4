/** Tokens spelled by hand, so that tests can sign what no library of ours would. */
import { createHmac, sign } from 'node:crypto';
import type { AccountClaims } from '#src/keys/keys.js';
import type { GeneratedKey } from './generated-keys.js';

export const now = Date.UTC(2030, 0, 1);

export const claims: AccountClaims = {
  username: 'alice',
  sub: 'alice',
  uid: '1000',
  iat: now / 1000,
  nbf: now / 1000,
  exp: now / 1000 + 600,
  jti: 'a-jti',
};

export type Sign = (signingInput: string) => Buffer;

export function headerOf(key: GeneratedKey): Record<string, unknown> {
  return { alg: key.algorithm, typ: 'JWT', kid: key.parsed.kid };
}

export function segment(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** Strings are taken as the JSON text itself. */
export function spell(header: unknown, payload: unknown, signer: Sign): string {
  const signingInput = `${segment(header)}.${segment(payload)}`;
  return `${signingInput}.${signer(signingInput).toString('base64url')}`;
}

/** The right signature of a key for its own algorithm. */
export function signerOf({ algorithm, privateKey }: GeneratedKey): Sign {
  if (algorithm === 'HS256') return hmac(privateKey.export());
  const digest = algorithm === 'ES384' ? 'sha384' : 'sha256';
  return (input) => sign(digest, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
}

export function hmac(secret: Buffer | string, digest = 'sha256'): Sign {
  return (input) => createHmac(digest, secret).update(input).digest();
}

/** A rightly signed token, with members of header or payload changed; undefined takes one out. */
export function signed(key: GeneratedKey, header: object = {}, payload: object = {}): string {
  return spell({ ...headerOf(key), ...header }, { ...claims, ...payload }, signerOf(key));
}
