/** The use case "review a token": whose it is, as the system knows that account now; run by the front. */
import type { Identity } from '../identity/identity.js';
import type { AccountClaims, TokenClaims, Verifier, VouchedClaims } from '../keys/keys.js';
import { type AudienceAnswer, judgeAudiences } from './audiences.js';
import { audiencesOf, checkClaims, checkTimes, MAX_TOKEN_CHARACTERS } from './claims.js';
import { credentialIdOf } from './credential-id.js';
import { judgeAccess, type Policy, presentNames } from './policy.js';
import type { Review, ReviewedUser, ReviewRefusal, ReviewResult } from './review.js';
import { type VouchedReviewOptions, vouchedUserNow } from './review-vouched.js';
import { isReserved } from './user-name.js';
import { answerTo, createVerifiedTokens, type VerifiedToken } from './verified-tokens.js';

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
  const { identities, accountAllowed, policy, now } = options;
  const known = createVerifiedTokens();
  const verifiedOf = createVerifiedReader(options, known);
  return async (token, requested) => {
    const verified = verifiedOf(token);
    if (typeof verified === 'string') return refused(verified);
    const { claims } = verified;
    const untimely = checkTimes(claims, now());
    if (untimely !== undefined) return refused(untimely);
    const kept = answerTo(verified, requested);
    const judged = kept?.result ?? judge(claims, requested, options);
    if (typeof judged === 'string') return refused(judged);
    if (claims.origin === 'header') return vouched(claims, judged, options);
    const identity = await identities.find(claims.username);
    const user = kept !== undefined && kept.identity === identity ? kept.result.user : userOf(claims, identity, policy);
    // The account phase comes last: no PAM transaction for a token that is refused without it.
    const isAllowed = typeof user === 'string' || !accountAllowed || (await accountAllowed(claims.username));
    // Again: system and PAM may have taken their time.
    if (now() >= claims.exp * 1000) return refused('expired');
    if (typeof user === 'string') return refused(user);
    if (!isAllowed) return refused('account not allowed');
    if (kept !== undefined && kept.identity === identity) return kept.result;
    const result = { authenticated: true as const, user, audiences: judged.audiences };
    if (identity !== undefined) known.set(token, { claims, answer: { identity, requested, result } });
    return result;
  };
}

/** What does not change while token and keys stay the same: length, form, signature, claims. */
function createVerifiedReader(
  { verifier, issuer, maxTokenLength = MAX_TOKEN_CHARACTERS }: ReviewTokenOptions,
  known: ReturnType<typeof createVerifiedTokens>,
) {
  return (token: string): VerifiedToken | ReviewRefusal => {
    if (token.length > maxTokenLength) return 'too long';
    const seen = known.get(token);
    if (seen !== undefined) return seen;
    const verification = verifier.verify(token);
    if (!verification.valid) return verification.fault;
    const claims = checkClaims(verification.claims, issuer);
    if (typeof claims === 'string') return claims;
    const verified = { claims };
    known.set(token, verified);
    return verified;
  };
}

/** What can be said of the token before its account is looked up. */
function judge(
  claims: TokenClaims,
  requested: readonly string[],
  { audience: configured, requireAudience: required }: ReviewTokenOptions,
): Exclude<AudienceAnswer, string> | ReviewRefusal {
  const answer = judgeAudiences({ token: audiencesOf(claims), requested, configured, required });
  const isOfAccount = answer !== 'wrong audience' && claims.origin !== 'header';
  return isOfAccount && isReserved(claims.username) ? 'reserved name' : answer;
}

async function vouched(
  claims: VouchedClaims,
  { audiences }: Exclude<AudienceAnswer, string>,
  options: ReviewTokenOptions,
): Promise<ReviewResult> {
  const user = await vouchedUserNow(claims, options);
  if (options.now() >= claims.exp * 1000) return refused('expired');
  return typeof user === 'string' ? refused(user) : { authenticated: true, user, audiences };
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
