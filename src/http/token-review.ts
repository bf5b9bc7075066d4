/** The wire types of TokenReview (k8s.io/api/authentication v1 and v1beta1), parsed and built by the front. */
import { isUtf8 } from 'node:buffer';
import type { ReviewedUser } from '../token/review.js';
import type { Bounds } from './bounds.js';
import { jsonDepthExceeds } from './json-depth.js';
import { jsonMembersExceed } from './json-members.js';

export type TokenReviewVersion = 'authentication.k8s.io/v1' | 'authentication.k8s.io/v1beta1';

export interface TokenReviewRequest {
  readonly apiVersion: TokenReviewVersion;
  readonly token: string;
  /** `spec.audiences`; empty when absent. */
  readonly audiences: readonly string[];
}

/** What of the body is not as it must be, in words for whoever sent it. */
export interface TokenReviewFault {
  readonly fault: string;
}

export interface TokenReviewStatus {
  readonly authenticated: boolean;
  readonly user?: ReviewedUser;
  readonly audiences?: readonly string[];
  readonly error?: string;
}

/** The answer, in the version of the request: kube-apiserver takes another for a failed call. */
export function tokenReview(apiVersion: TokenReviewVersion, status: TokenReviewStatus): object {
  return { kind: 'TokenReview', apiVersion, status };
}

export function parseTokenReview(
  body: Buffer,
  bounds: Pick<Bounds, 'jsonDepth' | 'jsonMembers' | 'reviewAudiences'>,
): TokenReviewRequest | TokenReviewFault {
  const fault = faultIn(body, bounds);
  if (fault !== undefined) return { fault };
  const review = parseJson(body.toString('utf8'));
  if (!isObject(review)) return { fault: 'the body is not a JSON object' };
  const { kind, apiVersion, spec } = review;
  if (kind !== 'TokenReview') return { fault: 'kind is not TokenReview' };
  if (!isVersion(apiVersion)) {
    return { fault: 'apiVersion is neither authentication.k8s.io/v1 nor authentication.k8s.io/v1beta1' };
  }
  if (!isObject(spec)) return { fault: 'spec is not an object' };
  const { token, audiences = null } = spec;
  if (typeof token !== 'string') return { fault: 'spec.token is not a string' };
  if (audiences === null) return { apiVersion, token, audiences: [] };
  if (!isStrings(audiences)) return { fault: 'spec.audiences is not an array of strings' };
  if (audiences.length > bounds.reviewAudiences) {
    return { fault: `spec.audiences has more than ${bounds.reviewAudiences} entries` };
  }
  return { apiVersion, token, audiences };
}

/** What forbids to parse the text at all. */
function faultIn(body: Buffer, bounds: Pick<Bounds, 'jsonDepth' | 'jsonMembers'>): string | undefined {
  if (!isUtf8(body)) return 'the body is not UTF-8';
  if (jsonMembersExceed(body, bounds.jsonMembers)) return `the body has more than ${bounds.jsonMembers} members`;
  if (jsonDepthExceeds(body, bounds.jsonDepth)) return `the body is nested deeper than ${bounds.jsonDepth} levels`;
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isVersion(value: unknown): value is TokenReviewVersion {
  return value === 'authentication.k8s.io/v1' || value === 'authentication.k8s.io/v1beta1';
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
