/** The TokenReview that says yes as the bytes it is sent as, kept for as long as the review gives the same result; held by the front. */
import { LRUCache } from 'lru-cache';
import type { ReviewResult } from '../token/review.js';
import { byteString } from './status.js';
import { type TokenReviewVersion, tokenReview } from './token-review.js';

type Yes = Extract<ReviewResult, { authenticated: true }>;

type Texts = Readonly<Partial<Record<TokenReviewVersion, string>>>;

/** Of all kept texts together. */
export const MAX_TEXT_CHARACTERS = 16 * 1024 * 1024;

/** As a byteString(). */
export type AnswerBytes = (version: TokenReviewVersion, result: ReviewResult) => string;

/** A result never changes: the review makes another one when the answer is another. */
export function createAnswerTexts(): AnswerBytes {
  const kept = new LRUCache<Yes, Texts>({
    maxSize: MAX_TEXT_CHARACTERS,
    sizeCalculation: (texts) => Object.values(texts).reduce((sum, text) => sum + text.length, 1),
  });
  return (version, result) => {
    if (!result.authenticated) return NO[version];
    const known = kept.get(result);
    const text = known?.[version];
    if (text !== undefined) return text;
    const made = textOf(version, result);
    kept.set(result, { ...known, [version]: made });
    return made;
  };
}

const no = (version: TokenReviewVersion) => JSON.stringify(tokenReview(version, { authenticated: false }));

const NO: Readonly<Record<TokenReviewVersion, string>> = {
  'authentication.k8s.io/v1': no('authentication.k8s.io/v1'),
  'authentication.k8s.io/v1beta1': no('authentication.k8s.io/v1beta1'),
};

function textOf(version: TokenReviewVersion, { user, audiences }: Yes): string {
  const { username, uid, groups, extra } = user;
  const status = {
    authenticated: true,
    user: { username, ...(uid !== undefined && { uid }), groups, extra },
    ...(audiences && { audiences }),
  };
  return byteString(JSON.stringify(tokenReview(version, status)));
}
