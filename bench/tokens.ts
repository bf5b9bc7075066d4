/** Tokens as the daemon would have signed them, and others that only look so. */
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type ParsedSigningKey, parseSigningKey } from '#src/keys/key-material.js';
import type { Signer } from '#src/keys/keys.js';
import { importSigningMaterial } from '#src/keys/signer.js';
import { makeClaims } from '#src/token/claims.js';
import type { Account } from './accounts.js';

export const AUDIENCE = 'https://kubernetes.default.svc';
const LIFETIME = 3600;

export function signerOf(keyFile: string): Signer {
  const parsed: ParsedSigningKey = parseSigningKey(readFileSync(keyFile), keyFile);
  return importSigningMaterial(parsed.signing);
}

/** `age`: seconds since it was issued; beyond an hour it has expired. */
export function tokenFor(signer: Signer, account: Account, age = 0): string {
  const now = Date.now() - age * 1000;
  const claims = makeClaims({
    ...account,
    issuer: '',
    audience: [AUDIENCE],
    lifetime: LIFETIME,
    now,
    jti: randomUUID(),
  });
  return signer.sign(claims);
}

/** Of the right form, for the right key, each with another signature that is none. */
export function forge(token: string, count: number): string[] {
  const [head, claims, signature = ''] = token.split('.');
  const { length } = Buffer.from(signature, 'base64url');
  return Array.from({ length: count }, () => `${head}.${claims}.${randomBytes(length).toString('base64url')}`);
}

/** As kube-apiserver asks. */
export function reviewOf(token: string): string {
  return JSON.stringify({
    kind: 'TokenReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { creationTimestamp: null },
    spec: { token, audiences: [AUDIENCE] },
    status: { user: {} },
  });
}
