/** The use case "review a token": whose it is, as the system knows that account now; run by the front. */
import type { Identity } from '../identity/identity.js';
import type { AccountClaims, TokenClaims, Verifier } from '../keys/keys.js';
import { judgeAudiences } from './audiences.js';
import { audiencesOf, checkClaims, checkTimes, MAX_TOKEN_CHARACTERS } from './claims.js';
import { credentialIdOf } from './credential-id.js';
import { judgeAccess, type Policy, presentNames } from './policy.js';
import type { Review, ReviewedUser, ReviewRefusal, ReviewResult } from './review.js';
import { type VouchedReviewOptions, vouchedUserNow } from './review-vouched.js';
import { isReserved } from './user-name.js';
import { createVerifiedTokens } from './verified-tokens.js';

export interface ReviewTokenOptions extends VouchedReviewOptions {
  readonly verifier: Verifier;
  /** Empty: `iss` is unchecked. */
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly requireAudience: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly maxTokenLength?: number;
}

/** Remembers the tokens its verifier found right: when the keys change, a new Review is made, which remembers none. */
export function createReviewToken(options: ReviewTokenOptions): Review {
  const { audience: configured, requireAudience: required, now } = options;
  const claimsOf = createClaimsReader(options);
  return async (token, requested) => {
    const claims = claimsOf(token);
    if (typeof claims === 'string') return refused(claims);
    const untimely = checkTimes(claims, now());
    if (untimely !== undefined) return refused(untimely);
    const answer = judgeAudiences({ token: audiencesOf(claims), requested, configured, required });
    if (answer === 'wrong audience') return refused(answer);
    const user = await userNow(claims, options);
    // Again: system and PAM may have taken their time.
    if (now() >= claims.exp * 1000) return refused('expired');
    return typeof user === 'string' ? refused(user) : { authenticated: true, user, audiences: answer.audiences };
  };
}

/** What does not change while token and keys stay the same: length, form, signature, claims. */
function createClaimsReader({ verifier, issuer, maxTokenLength = MAX_TOKEN_CHARACTERS }: ReviewTokenOptions) {
  const verified = createVerifiedTokens();
  return (token: string): TokenClaims | ReviewRefusal => {
    if (token.length > maxTokenLength) return 'too long';
    const known = verified.get(token);
    if (known !== undefined) return known;
    const verification = verifier.verify(token);
    if (!verification.valid) return verification.fault;
    const claims = checkClaims(verification.claims, issuer);
    if (typeof claims !== 'string') verified.set(token, claims);
    return claims;
  };
}

/** The account phase comes last: no PAM transaction for a token that is refused without it. */
async function userNow(claims: TokenClaims, options: ReviewTokenOptions): Promise<ReviewedUser | ReviewRefusal> {
  if (claims.origin === 'header') return vouchedUserNow(claims, options);
  if (isReserved(claims.username)) return 'reserved name';
  const { identities, accountAllowed, policy } = options;
  const user = userOf(claims, await identities.find(claims.username), policy);
  if (typeof user === 'string' || accountAllowed === undefined) return user;
  return (await accountAllowed(claims.username)) ? user : 'account not allowed';
}

/** The token is for one account: an account of the same name under another uid, or that NSS now calls otherwise, is not it. */
function userOf(claims: AccountClaims, identity: Identity | undefined, policy: Policy): ReviewedUser | ReviewRefusal {
  const { username, uid } = claims;
  if (identity === undefined || identity.username !== username) return 'unknown user';
  if (identity.uid !== uid) return 'another uid';
  const refusal = judgeAccess(identity, policy);
  if (refusal !== undefined) return refusal;
  const names = presentNames(identity, policy);
  if (names === 'reserved name') return names;
  return { username: names.username, uid, groups: names.groups, extra: credentialIdOf(claims) };
}

function refused(refusal: ReviewRefusal): ReviewResult {
  return { authenticated: false, refusal };
}
