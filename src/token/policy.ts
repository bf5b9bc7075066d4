/** Policies: which accounts get tokens, and what Kubernetes is told of them; held by the PAM worker at issue and by the front at review. */
import { UnavailableError } from '../errors.js';
import type { Identity } from '../identity/identity.js';
import { matchesGlob } from './glob.js';
import { isReserved } from './user-name.js';

/** Which accounts get tokens, and keep them: judged by the names and numbers of the system. */
export interface AccessPolicy {
  /** The account must be a member of one, by its name as NSS spells it; empty: every account may. */
  readonly allowGroups: readonly string[];
  readonly minUid: number;
}

export interface Policy extends AccessPolicy {
  /** Put before names at review, never in tokens. No name may begin with `system:` through it. */
  readonly usernamePrefix: string;
  readonly groupsPrefix: string;
  /** Globs of the groups that are passed on, by their names without prefix. */
  readonly groupsFilter: readonly string[];
}

export type AccessRefusal = 'uid below min-uid' | 'not in allow-groups';

/** What Kubernetes is told. */
export interface PresentedNames {
  readonly username: string;
  readonly groups: readonly string[];
}

/** undefined: the account may have a token. Throws UnavailableError when it would be refused for a group that may only be unseen. */
export function judgeAccess(identity: Identity, policy: AccessPolicy): AccessRefusal | undefined {
  return Number(identity.uid) < policy.minUid ? 'uid below min-uid' : judgeGroups(identity, policy);
}

/** The same of somebody who need not have a uid. */
export function judgeGroups(
  { groups, incomplete }: Pick<Identity, 'groups' | 'incomplete'>,
  { allowGroups }: Pick<AccessPolicy, 'allowGroups'>,
): AccessRefusal | undefined {
  if (allowGroups.length === 0 || allowGroups.some((name) => groups.includes(name))) return undefined;
  if (incomplete) throw new UnavailableError('ERR_NSS_FAILED', "not all of the user's groups could be looked up");
  return 'not in allow-groups';
}

/** Those that Kubernetes may hear of, as the system names them. */
export function groupsPassedOn(groups: readonly string[], filter: readonly string[]): readonly string[] {
  return groups.filter((group) => !isReserved(group) && filter.some((glob) => matchesGlob(glob, group)));
}

/** Reserved groups are left out, before and after the prefix; a user whose name is or becomes reserved is none for Kubernetes. */
export function presentNames(
  { username, groups }: Pick<Identity, 'username' | 'groups'>,
  policy: Pick<Policy, 'usernamePrefix' | 'groupsPrefix' | 'groupsFilter'>,
): PresentedNames | 'reserved name' {
  const { usernamePrefix, groupsPrefix, groupsFilter } = policy;
  const presented = usernamePrefix + username;
  if (isReserved(username) || isReserved(presented)) return 'reserved name';
  const prefixed = groupsPassedOn(groups, groupsFilter).map((group) => groupsPrefix + group);
  return { username: presented, groups: prefixed.filter((group) => !isReserved(group)) };
}
