/** For which audiences a review vouches; run by the front. */

export interface AudienceQuestion {
  /** The token's `aud`. */
  readonly token: readonly string[];
  /** `spec.audiences` of the TokenReview. */
  readonly requested: readonly string[];
  /** The daemon's own. */
  readonly configured: readonly string[];
  /** Whether a token that shares none with a non-empty `requested` is refused in every case. */
  readonly required: boolean;
}

/** `status.audiences`; undefined in it: left out, which kube-apiserver takes as its own audiences. */
export type AudienceAnswer = { readonly audiences: readonly string[] | undefined } | 'wrong audience';

export function judgeAudiences({ token, requested, configured, required }: AudienceQuestion): AudienceAnswer {
  const own = new Set(token);
  if (configured.length > 0 && !configured.some((audience) => own.has(audience))) return 'wrong audience';
  if (requested.length === 0) return { audiences: undefined };
  const shared = requested.filter((audience) => own.has(audience));
  if (shared.length > 0) return { audiences: [...new Set(shared)] };
  // Another audience of this daemon was asked for than the token was made for.
  if (required || configured.some((audience) => requested.includes(audience))) return 'wrong audience';
  return { audiences: undefined };
}
