/** The policies as configured, and whether the groups they name are there; runs in the supervisor. */
import type { Settings } from '../config/settings.js';
import type { Logger } from '../log/logger.js';
import type { Native } from '../native/native.js';
import type { Policy } from '../token/policy.js';
import type { Vouching } from '../token/vouching.js';

export function policyOf({ allowGroups, minUid, usernamePrefix, groupsPrefix, groupsFilter }: Settings): Policy {
  return { allowGroups, minUid, usernamePrefix, groupsPrefix, groupsFilter };
}

/** undefined: no header is believed. */
export function vouchingOf({ headers }: Settings): Vouching | undefined {
  if (headers === undefined) return undefined;
  const { prefix, requireUnixUser, groups } = headers;
  return { prefix, requireUnixUser, groups: groups !== undefined };
}

/**
 * A warning for each group that does not exist: its members will be let in once it does. Never rejects, and nobody need wait
 * for it: a directory that hangs or fails must not hold up the start. One look-up at a time leaves room for others.
 */
export async function warnOfMissingGroups(
  names: readonly string[],
  { native, log }: { readonly native: Pick<Native, 'lookupGroup'>; readonly log: Logger },
): Promise<void> {
  try {
    for (const name of names) {
      if ((await native.lookupGroup(name)) === undefined)
        log.warn('allow-groups: there is no such group', { group: name });
    }
  } catch (fault) {
    log.warn('allow-groups: whether its groups exist cannot be told', { fault });
  }
}
