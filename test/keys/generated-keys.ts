/** Real keys for tests, made once a process: one of each kind that signs. */
import { createSecretKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { type ParsedSigningKey, parseSigningKey } from '#src/keys/key-material.js';
import type { Algorithm } from '#src/keys/keys.js';

export interface GeneratedKey {
  readonly algorithm: Algorithm;
  readonly contents: Buffer;
  readonly privateKey: KeyObject;
  readonly parsed: ParsedSigningKey;
}

export function pkcs8(key: KeyObject): Buffer {
  return Buffer.from(key.export({ type: 'pkcs8', format: 'pem' }));
}

export function spki(key: KeyObject): Buffer {
  return Buffer.from(key.export({ type: 'spki', format: 'pem' }));
}

export function generateEc(namedCurve: string) {
  return generateKeyPairSync('ec', { namedCurve });
}

export function generateRsa(modulusLength: number) {
  return generateKeyPairSync('rsa', { modulusLength });
}

function generated(algorithm: Algorithm, privateKey: KeyObject): GeneratedKey {
  const contents = privateKey.type === 'secret' ? privateKey.export() : pkcs8(privateKey);
  return { algorithm, contents, privateKey, parsed: parseSigningKey(contents, 'test.key') };
}

/** Hexadecimal, so that it is never taken for another kind of key. */
export function newSecret(): Buffer {
  return Buffer.from(randomBytes(32).toString('hex'));
}

export const hs256 = generated('HS256', createSecretKey(newSecret()));
export const es256 = generated('ES256', generateEc('P-256').privateKey);
export const es384 = generated('ES384', generateEc('P-384').privateKey);
export const rs256 = generated('RS256', generateRsa(2048).privateKey);
export const allKeys: readonly GeneratedKey[] = [hs256, es256, es384, rs256];
