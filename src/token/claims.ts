/** The claims of a token: made by the PAM worker, judged by the front. */
import type { AccountClaims, TokenClaims, TokenFault, VouchedClaims } from '../keys/keys.js';
import { isUsername } from './user-name.js';
import { MAX_VOUCHED_GROUPS } from './vouching.js';

/** How far ahead `nbf` and `iat` may be, for clocks that differ; seconds. `exp` has no leeway. */
export const LEEWAY = 30;
/** A token of ours has some 500 characters without groups. kube-apiserver passes on whatever it was sent; what is longer is no token. */
export const MAX_TOKEN_CHARACTERS = 16 * 1024;
/** The last second that a Date can hold. */
const MAX_NUMERIC_DATE = 8_640_000_000_000;
const MAX_JTI_CHARACTERS = 128;

interface CommonInput {
  readonly username: string;
  /** Empty: no `iss`. */
  readonly issuer: string;
  readonly audience: readonly string[];
  /** Seconds. */
  readonly lifetime: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly jti: string;
}

export interface ClaimsInput extends CommonInput {
  readonly uid: string;
}

export interface VouchedClaimsInput extends CommonInput {
  /** Of the account, where there must be one. */
  readonly uid?: string;
  readonly groups: readonly string[];
}

export function makeClaims({ username, uid, ...common }: ClaimsInput): AccountClaims {
  return { username, sub: username, uid, ...commonClaims(common) };
}

/** In `sub`, before the name: no account has a colon in its name, wherever else that is read. */
const VOUCHED = 'header:';

export function makeVouchedClaims({ username, uid, groups, ...common }: VouchedClaimsInput): VouchedClaims {
  const sub = `${VOUCHED}${username}`;
  return { origin: 'header', sub, ...(uid === undefined ? {} : { uid }), groups, ...commonClaims(common) };
}

export function vouchedName({ sub }: VouchedClaims): string {
  return sub.slice(VOUCHED.length);
}

function commonClaims({ issuer, audience, lifetime, now, jti }: Omit<CommonInput, 'username'>) {
  const iat = Math.floor(now / 1000);
  const [only, ...others] = audience;
  return {
    ...(issuer === '' ? {} : { iss: issuer }),
    ...(only === undefined ? {} : { aud: others.length === 0 ? only : audience }),
    iat,
    nbf: iat,
    exp: iat + lifetime,
    jti,
  };
}

/**
 * The claims of a verified token, every one of the type it must have, and from `issuer` (empty: unchecked). Everything
 * but `iss` and `aud` is required: our signers always write it. The times are left to checkTimes(), which can be asked again.
 */
export function checkClaims(claims: Readonly<Record<string, unknown>>, issuer: string): TokenClaims | TokenFault {
  const { iss, aud, iat, nbf, exp, jti } = claims;
  const who = claims['origin'] === undefined ? accountIn(claims) : vouchedIn(claims);
  if (who === undefined || !isJti(jti)) return 'bad claims';
  if (!isNumericDate(iat) || !isNumericDate(nbf) || !isNumericDate(exp)) return 'bad claims';
  if (!isAbsentOr(iss, isString) || !isAbsentOr(aud, isAudience)) return 'bad claims';
  if (issuer !== '' && iss !== issuer) return 'wrong issuer';
  const optional = { ...(iss === undefined ? {} : { iss }), ...(aud === undefined ? {} : { aud }) };
  return { ...who, iat, nbf, exp, jti, ...optional };
}

function accountIn({ username, sub, uid }: Readonly<Record<string, unknown>>) {
  return isUsername(username) && sub === username && isUid(uid) ? { username, sub: username, uid } : undefined;
}

/** The two shapes exclude each other: what has an origin is never an account's, whatever else is in it. */
function vouchedIn({ origin, username, sub, uid, groups }: Readonly<Record<string, unknown>>) {
  if (origin !== 'header' || username !== undefined || !isString(sub) || !sub.startsWith(VOUCHED)) return undefined;
  if (!isUsername(sub.slice(VOUCHED.length)) || !isAbsentOr(uid, isUid) || !isGroups(groups)) return undefined;
  return { origin: 'header' as const, sub, ...(uid === undefined ? {} : { uid }), groups };
}

function isGroups(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= MAX_VOUCHED_GROUPS && value.every(isUsername);
}

/** `now`: milliseconds since the epoch. RFC 7519 section 4.1.4: expired *on* the second of `exp` already. */
export function checkTimes({ exp, nbf, iat }: TokenClaims, now: number): TokenFault | undefined {
  if (now >= exp * 1000) return 'expired';
  return Math.max(nbf, iat) * 1000 > now + LEEWAY * 1000 ? 'not yet valid' : undefined;
}

/** The audiences of `aud` as a list, empty when it is absent. */
export function audiencesOf({ aud }: TokenClaims): readonly string[] {
  if (aud === undefined) return [];
  return typeof aud === 'string' ? [aud] : aud;
}

/** A uid_t in decimal, spelled in the one way that NSS's number is. */
function isUid(value: unknown): value is string {
  return isString(value) && /^(?:0|[1-9][0-9]{0,9})$/.test(value);
}

function isJti(value: unknown): value is string {
  return isString(value) && value.length <= MAX_JTI_CHARACTERS && /^[\x21-\x7e]+$/.test(value);
}

/** JSON's 1e400 is Infinity in JavaScript, and would never expire. */
function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_NUMERIC_DATE;
}

function isAudience(value: unknown): value is string | string[] {
  return isString(value) || (Array.isArray(value) && value.every(isString));
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isAbsentOr<T>(value: unknown, is: (value: unknown) => value is T): value is T | undefined {
  return value === undefined || is(value);
}
