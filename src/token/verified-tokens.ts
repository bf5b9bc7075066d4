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
  answer?: KeptAnswer;
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
    sizeCalculation: (_verified, token) => 2 * token.length,
  });
}

/** The kept answer, if it is one to the same question. */
export function answerTo({ answer }: VerifiedToken, requested: readonly string[]): KeptAnswer | undefined {
  return answer !== undefined && areSame(answer.requested, requested) ? answer : undefined;
}

function areSame(left: readonly string[], right: readonly string[]): boolean {
  return left === right || (left.length === right.length && left.every((text, index) => text === right[index]));
}
