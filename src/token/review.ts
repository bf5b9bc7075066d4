/** The use case "review a token" as its caller sees it. */
import type { TokenFault } from '../keys/keys.js';
import type { AccessRefusal } from './policy.js';

/** Who Kubernetes is told the token belongs to (k8s.io/api/authentication UserInfo). */
export interface ReviewedUser {
  readonly username: string;
  /** Absent: no account stands behind the token. */
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** Why a review said no: a closed list, counted and logged without any text of the client. */
export type ReviewRefusal =
  | TokenFault
  | AccessRefusal
  | 'too long'
  | 'reserved name'
  | 'unknown user'
  | 'another uid'
  | 'account not allowed'
  | 'header not believed';

export type ReviewResult =
  | {
      readonly authenticated: true;
      readonly user: ReviewedUser;
      /** status.audiences; undefined: left out of the answer. */
      readonly audiences: readonly string[] | undefined;
    }
  | { readonly authenticated: false; readonly refusal: ReviewRefusal };

/**
 * Reviews a token for the audiences of the request (`spec.audiences`, possibly empty).
 * Rejects with UnavailableError when it could not be checked: that is never a "no".
 */
export type Review = (token: string, audiences: readonly string[]) => Promise<ReviewResult>;
