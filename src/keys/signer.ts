/** Signs claims, by jsonwebtoken; run by the PAM worker. */
import { createPrivateKey, createSecretKey, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { UnavailableError } from '../errors.js';
import { kindOf } from './algorithm.js';
import type { SigningMaterial } from './key-material.js';
import type { Signer, TokenClaims } from './keys.js';

/** Throws UnavailableError with ERR_KEY_UNAVAILABLE when the material is not a key of its algorithm. */
export function importSigningMaterial(material: SigningMaterial): Signer {
  const { algorithm, kid } = material;
  const key = importKey(material);
  return { algorithm, kid, sign: (claims) => sign(claims, key, material) };
}

function importKey({ algorithm, key }: SigningMaterial): KeyObject {
  try {
    const imported = algorithm === 'HS256' ? createSecretKey(key, 'base64') : createPrivateKey(key);
    const kind = kindOf(imported);
    if ('algorithm' in kind && kind.algorithm === algorithm) return imported;
  } catch (cause) {
    throw new UnavailableError('ERR_KEY_UNAVAILABLE', 'the signing key cannot be read', { cause });
  }
  throw new UnavailableError('ERR_KEY_UNAVAILABLE', `the signing key is not one for ${algorithm}`);
}

function sign(claims: TokenClaims, key: KeyObject, { algorithm, kid }: SigningMaterial): string {
  try {
    return jwt.sign(claims, key, { algorithm, keyid: kid });
  } catch (cause) {
    throw new UnavailableError('ERR_KEY_UNAVAILABLE', 'the token could not be signed', { cause });
  }
}
