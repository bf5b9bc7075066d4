/** Keys made anew, and both halves of a key as the contents of a file; run by `pamhook keys`. */
import { createPrivateKey, generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { SigningMaterial, VerificationMaterial } from './key-material.js';

/** What is to be made: a type of key with its size. */
export type KeyShape =
  | { readonly type: 'ec'; readonly curve: 'P-256' | 'P-384' }
  | { readonly type: 'rsa'; readonly bits: number }
  | { readonly type: 'hmac' };

/** What a type alone stands for. RSA: as strong as P-256 (NIST SP 800-57 part 1, table 2). */
export const keyShapes = {
  ec: { type: 'ec', curve: 'P-256' },
  rsa: { type: 'rsa', bits: 3072 },
  hmac: { type: 'hmac' },
} as const satisfies Readonly<Record<KeyShape['type'], KeyShape>>;

const HMAC_BYTES = 32;

export function keyShapeOf({ algorithm, key }: SigningMaterial): KeyShape {
  switch (algorithm) {
    case 'HS256':
      return keyShapes.hmac;
    case 'ES256':
      return { type: 'ec', curve: 'P-256' };
    case 'ES384':
      return { type: 'ec', curve: 'P-384' };
    case 'RS256':
      return { type: 'rsa', bits: createPrivateKey(key).asymmetricKeyDetails?.modulusLength ?? keyShapes.rsa.bits };
  }
}

/** The contents of a signing key file: PKCS #8 in PEM, or an HMAC secret in hexadecimal, which no reader takes for anything else. */
export async function makeKey(shape: KeyShape): Promise<Buffer> {
  if (shape.type === 'hmac') return Buffer.from(`${randomBytes(HMAC_BYTES).toString('hex')}\n`);
  const generate = promisify(generateKeyPair);
  const { privateKey } =
    shape.type === 'ec'
      ? await generate('ec', { namedCurve: shape.curve })
      : await generate('rsa', { modulusLength: shape.bits });
  return Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

/** The contents of a file from which the same material is read again. */
export function verificationKeyContents({ algorithm, key }: VerificationMaterial): Buffer {
  if (algorithm !== 'HS256') return Buffer.from(key);
  const secret = Buffer.from(key, 'base64');
  // The reader drops one newline, and a carriage return before it too.
  return secret.at(-1) === 0x0d ? secret : Buffer.concat([secret, Buffer.from('\n')]);
}
