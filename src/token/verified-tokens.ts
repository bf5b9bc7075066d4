/** Tokens whose signature and claims were found right, so that the next review of one spares the arithmetic; held by the front. */
import { LRUCache } from 'lru-cache';
import type { TokenClaims } from '../keys/keys.js';

export const MAX_VERIFIED_TOKENS = 8192;
export const MAX_VERIFIED_CHARACTERS = 8 * 1024 * 1024;

/**
 * Keyed by the token itself: a digest would cost more than the look-up, and hide nothing from whoever can read the
 * memory tokens arrive in. Only tokens with a right signature come in, so that no stranger can push others out.
 */
export function createVerifiedTokens(): LRUCache<string, TokenClaims> {
  return new LRUCache({
    max: MAX_VERIFIED_TOKENS,
    maxSize: MAX_VERIFIED_CHARACTERS,
    // The claims hold about what the token spells.
    sizeCalculation: (_claims, token) => 2 * token.length,
  });
}
