/** The identity port on the system's user and group database; asked in the front and the PAM worker. */
import { UnavailableError } from '../errors.js';
import type { Logger } from '../log/logger.js';
import { checkId, checkText, isPlainText } from '../native/arguments.js';
import type { GroupList, Native, PasswdEntry } from '../native/native.js';
import type { IdentitySource } from './identity.js';

/** Gids remembered as logged. */
const MAX_LOGGED = 10_000;
/** What no name may hold: it would forge lines of logs. */
export const CONTROL = /\p{Cc}/u;

/** `incomplete`: there may be more. */
export type GroupsOf = (user: PasswdEntry) => Promise<GroupList & { readonly incomplete?: true }>;

/** Says once a gid that no name can be given for it. */
function createNamelessLog(log: Logger): (username: string, gids: readonly number[]) => void {
  const logged = new Set<number>();
  return (username, gids) => {
    for (const gid of gids) {
      if (logged.has(gid) || logged.size >= MAX_LOGGED) continue;
      logged.add(gid);
      log.verbose(1, 'a group without a name is left out', { gid, user: username });
    }
  };
}

/** An entry that no account can have, with an id of -1 say, tells nothing of the account: that is a fault of the database, and no "no such account". */
function checkEntry({ name, uid, gid }: PasswdEntry): void {
  try {
    checkText('pw_name', name);
    checkId('pw_uid', uid);
    checkId('pw_gid', gid);
  } catch (cause) {
    throw new UnavailableError('ERR_NSS_FAILED', 'the user database gave an entry that no account can have', { cause });
  }
}

/** Identities by getpwnam_r, getgrouplist and getgrgid_r; names with control characters are left out. */
export function createNssIdentitySource({
  native,
  log,
}: {
  readonly native: Pick<Native, 'lookupUser'> & { readonly groupsOf: GroupsOf };
  readonly log: Logger;
}): IdentitySource {
  const logNameless = createNamelessLog(log);
  return {
    async find(username) {
      // No account can have such a name, and C would read another one.
      if (!isPlainText(username) || CONTROL.test(username)) return undefined;
      const user = await native.lookupUser(username);
      if (user === undefined || CONTROL.test(user.name)) return undefined;
      checkEntry(user);
      const groups = await native.groupsOf(user);
      logNameless(user.name, groups.nameless);
      return {
        username: user.name,
        uid: String(user.uid),
        groups: groups.names.filter((name) => !CONTROL.test(name)),
        ...(groups.incomplete ? { incomplete: true as const } : {}),
      };
    },
  };
}
