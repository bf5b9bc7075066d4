/** Tokens whose signature and claims were found right, so that the next review of one spares the arithmetic; held by the front. */
import { LRUCache } from 'lru-cache';
import type { Identity } from '../identity/identity.js';
import type { TokenClaims } from '../keys/keys.js';
import type { ReviewResult } from './review.js';

export const MAX_VERIFIED_TOKENS = 16_384;
export const MAX_VERIFIED_CHARACTERS = 16 * 1024 * 1024;

export interface VerifiedToken {
  readonly claims: TokenClaims;
  /** The last yes to it. Given again for that very identity and the same audiences: all else it is made of cannot change. */
  readonly answer?: KeptAnswer;
}

export interface KeptAnswer {
  readonly identity: Identity;
  readonly requested: readonly string[];
  readonly result: Extract<ReviewResult, { authenticated: true }>;
}

/**
 * Keyed by the token itself: a digest would cost more than the look-up, and hide nothing from whoever can read the
 * memory tokens arrive in. Only tokens with a right signature come in, so that no stranger can push others out.
 */
export function createVerifiedTokens(): LRUCache<string, VerifiedToken> {
  return new LRUCache({
    max: MAX_VERIFIED_TOKENS,
    maxSize: MAX_VERIFIED_CHARACTERS,
    // The claims hold about what the token spells.
    sizeCalculation: ({ answer }, token) => 2 * token.length + (answer === undefined ? 0 : charactersOf(answer)),
  });
}

/** Of what a list takes beside its texts, those of groups being the identity's as long as it is known. */
const LIST_ENTRY = 16;

/** Who has good tokens may ask about each with as many audiences as go into a review, and be in any number of groups. */
function charactersOf({ requested, result: { user, audiences = [] } }: KeptAnswer): number {
  const texts = [...requested, ...audiences];
  return texts.reduce((sum, { length }) => sum + length, LIST_ENTRY * (texts.length + user.groups.length));
}

/** The kept answer, if it is one to the same question. */
export function answerTo({ answer }: VerifiedToken, requested: readonly string[]): KeptAnswer | undefined {
  return answer !== undefined && areSame(answer.requested, requested) ? answer : undefined;
}

function areSame(left: readonly string[], right: readonly string[]): boolean {
  return left === right || (left.length === right.length && left.every((text, index) => text === right[index]));
}
