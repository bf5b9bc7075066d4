/** The one algorithm that belongs to a key, read from the key itself; used wherever a key is taken in. */
import type { KeyObject } from 'node:crypto';
import type { Algorithm } from './keys.js';

export const MIN_RSA_BITS = 2048;

const curveAlgorithms: ReadonlyMap<string, Algorithm> = new Map([
  ['prime256v1', 'ES256'],
  ['secp384r1', 'ES384'],
]);

/** The algorithm of a key, or in words what kind of unfit key it is. */
export type KeyKind = { readonly algorithm: Algorithm } | { readonly unfit: string };

export function kindOf(key: KeyObject): KeyKind {
  if (key.type === 'secret') return { algorithm: 'HS256' };
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec') return ecKind(namedCurve);
  if (key.asymmetricKeyType === 'rsa') return rsaKind(modulusLength ?? 0);
  return { unfit: `a key of type ${key.asymmetricKeyType ?? 'unknown'}` };
}

function ecKind(curve: string | undefined): KeyKind {
  const algorithm = curve === undefined ? undefined : curveAlgorithms.get(curve);
  return algorithm === undefined ? { unfit: `an EC key on the curve ${curve ?? 'without a name'}` } : { algorithm };
}

function rsaKind(bits: number): KeyKind {
  return bits < MIN_RSA_BITS ? { unfit: `an RSA key of ${bits} bits` } : { algorithm: 'RS256' };
}
