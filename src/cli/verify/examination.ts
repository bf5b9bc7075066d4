/** What can be told of a token: its parts, its key, and what a review of it answers. Run by `pamhook verify`. */
import type { Settings } from '../../config/settings.js';
import type { IdentitySource } from '../../identity/identity.js';
import { decodeObject, splitCompact } from '../../keys/compact-jws.js';
import type { VerificationMaterial } from '../../keys/key-material.js';
import type { Algorithm } from '../../keys/keys.js';
import { importVerifier } from '../../keys/verifier.js';
import { type Reading, readSigningKey, readVerificationKeys, verificationKeyPaths } from '../../privsep/key-files.js';
import { materialOf } from '../../privsep/key-frame.js';
import { policyOf, vouchingOf } from '../../privsep/policies.js';
import type { AccountAllowed } from '../../token/account-allowed.js';
import { MAX_TOKEN_CHARACTERS } from '../../token/claims.js';
import type { ReviewResult } from '../../token/review.js';
import { createReviewToken } from '../../token/review-token.js';

/** A key that was given, and where. */
export interface GivenKey {
  /** A file, or `signing-key`. */
  readonly origin: string;
  readonly material: VerificationMaterial;
}

export interface Examination {
  /** undefined: not to be read. */
  readonly header: Readonly<Record<string, unknown>> | undefined;
  /** undefined: not to be read. */
  readonly claims: Readonly<Record<string, unknown>> | undefined;
  /** The key that the token names; undefined: none of those given. */
  readonly key:
    | { readonly kid: string; readonly algorithm: Algorithm; readonly origins: readonly string[] }
    | undefined;
  /** Whether this key signed it: without that, header and claims say nothing. */
  readonly signed: boolean;
  readonly result: ReviewResult | { readonly fault: unknown };
}

/** Throws ConfigurationError. */
export function readGivenKeys(settings: Settings, reading: Reading): GivenKey[] {
  const { signingKey, signingKeyFile, verificationKeyFiles } = settings;
  const origin = signingKeyFile ?? (signingKey === undefined ? undefined : 'signing-key');
  const signing =
    origin === undefined ? [] : [{ origin, material: materialOf(readSigningKey(settings, reading).verification) }];
  const paths = verificationKeyPaths(verificationKeyFiles, reading.log);
  const others = paths.flatMap((path) => {
    const keys = readVerificationKeys({ verificationKeyFiles: [path] }, reading);
    return keys.map((key) => ({ origin: path, material: materialOf(key) }));
  });
  return [...signing, ...others];
}

export interface ExamineOptions {
  readonly keys: readonly GivenKey[];
  readonly settings: Settings;
  readonly identities: IdentitySource;
  /** PAM's account phase, where reviews ask it. */
  readonly accountAllowed?: AccountAllowed;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Never rejects: what could not be checked is part of the result. */
export async function examine(
  token: string,
  audiences: readonly string[],
  options: ExamineOptions,
): Promise<Examination> {
  // What no review reads, nobody is shown.
  const jws = token.length > MAX_TOKEN_CHARACTERS ? undefined : splitCompact(token);
  const header = jws && decodeObject(jws.header);
  const key = keyNamed(header?.['kid'], options.keys);
  const claims = jws && decodeObject(jws.payload);
  try {
    const verifier = importVerifier(options.keys.map(({ material }) => material));
    const signed = jws !== undefined && verifier.verify(token).valid;
    return { header, claims, key, signed, result: await review(token, audiences, options) };
  } catch (fault) {
    return { header, claims, key, signed: false, result: { fault } };
  }
}

function keyNamed(kid: unknown, keys: readonly GivenKey[]): Examination['key'] {
  const named = keys.filter(({ material }) => material.kid === kid);
  const [first] = named;
  if (first === undefined) return undefined;
  const { algorithm } = first.material;
  return { kid: first.material.kid, algorithm, origins: named.map(({ origin }) => origin) };
}

/** As the front reviews it, but with nothing remembered. */
function review(
  token: string,
  audiences: readonly string[],
  { keys, settings, ...asked }: ExamineOptions,
): Promise<ReviewResult> {
  const vouching = vouchingOf(settings);
  const reviewToken = createReviewToken({
    ...(vouching && { vouching }),
    verifier: importVerifier(keys.map(({ material }) => material)),
    issuer: settings.serverName,
    audience: settings.audience,
    requireAudience: settings.requireAudience,
    policy: policyOf(settings),
    ...asked,
  });
  return reviewToken(token, audiences);
}
