/** Verification keys as a JWK Set (RFC 7517), for those who verify tokens themselves; made in the front. */
import { createPublicKey } from 'node:crypto';
import type { VerificationMaterial } from './key-material.js';
import type { Algorithm } from './keys.js';

/** RFC 7518 sections 6.2.1 and 6.3.1: the public members, and nothing else. */
export type PublicJwk = {
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: Algorithm;
} & (
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
);

/** In the order given. An HMAC secret has no public part and is left out. */
export function publicJwks(materials: readonly VerificationMaterial[]): readonly PublicJwk[] {
  return materials.filter(({ algorithm }) => algorithm !== 'HS256').map(publicJwk);
}

/** Member by member: what else a key may have must not come along. */
function publicJwk({ algorithm: alg, kid, key }: VerificationMaterial): PublicJwk {
  const { kty, crv = '', x = '', y = '', n = '', e = '' } = createPublicKey(key).export({ format: 'jwk' });
  const common = { kid, use: 'sig', alg } as const;
  return kty === 'EC' ? { ...common, kty, crv, x, y } : { ...common, kty: 'RSA', n, e };
}
