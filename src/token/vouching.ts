/** Which users a proxy may vouch for, and what they are then; held by the PAM worker at issue and by the front at review. */
import type { Identity } from '../identity/identity.js';
import { isReserved, isUsername } from './user-name.js';

/** What is configured beside user-header; there is none where that is not set. */
export interface Vouching {
  /** Behind username-prefix in the answer of a review. */
  readonly prefix: string;
  /** Whether the user must have an account, when the token is issued and at each review. */
  readonly requireUnixUser: boolean;
  /** Whether the proxy says the user's groups; else they are those of the account, if there must be one. */
  readonly groups: boolean;
}

export const MAX_VOUCHED_GROUPS = 256;
/** Bytes of all names together: with them a token stays under what any may have. */
export const MAX_VOUCHED_GROUP_BYTES = 8 * 1024;

export type GroupsRefusal = 'too many groups' | 'unusable group';

/** The groups without those that Kubernetes keeps for itself, each once; or why they are none that a token may have. */
export function usableGroups(groups: readonly string[]): readonly string[] | GroupsRefusal {
  const bytes = groups.reduce((sum, group) => sum + Buffer.byteLength(group), 0);
  if (groups.length > MAX_VOUCHED_GROUPS || bytes > MAX_VOUCHED_GROUP_BYTES) return 'too many groups';
  if (!groups.every(isUsername)) return 'unusable group';
  return [...new Set(groups)].filter((group) => !isReserved(group));
}

/** The groups that count for a user: what the policies judge, and what Kubernetes is told. */
export function groupsThatCount(
  { groups: fromHeader }: Vouching,
  vouched: readonly string[],
  account: Identity | undefined,
): Pick<Identity, 'groups' | 'incomplete'> {
  if (fromHeader || account === undefined) return { groups: fromHeader ? vouched : [] };
  return { groups: account.groups, ...(account.incomplete && { incomplete: true as const }) };
}
