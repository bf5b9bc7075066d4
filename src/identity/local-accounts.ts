/** Accounts of this machine, read from their files where a directory beside them in nsswitch.conf hangs or fails; in the front and the PAM worker. */
import { readFile } from 'node:fs/promises';
import type { Logger } from '../log/logger.js';
import type { Identity, IdentitySource } from './identity.js';
import { CONTROL, type GroupsOf } from './nss.js';

export interface AccountFiles {
  /** passwd(5), group(5), nsswitch.conf(5). */
  readonly passwd: string;
  readonly group: string;
  readonly nsswitch: string;
}

const SYSTEM: AccountFiles = { passwd: '/etc/passwd', group: '/etc/group', nsswitch: '/etc/nsswitch.conf' };
const FILES_FIRST = /^[ \t]*passwd[ \t]*:[ \t]*files(?![^\s[#])/m;
const MAX_ID = 4_294_967_294;

/**
 * glibc asks every service for the groups of every user. When one fails, an account of this machine has at least the groups that
 * its files name.
 */
export function withLocalGroups(groupsOf: GroupsOf, files = SYSTEM): GroupsOf {
  return async (user) => {
    try {
      return await groupsOf(user);
    } catch (error) {
      const local = await readLocalIdentity(user.name, files).catch(() => undefined);
      // Of the same name, but the directory's.
      if (local === undefined || local.uid !== String(user.uid)) throw error;
      return { names: local.groups, nameless: [], incomplete: true };
    }
  };
}

/** When `source` fails, an account of this machine is answered all the same, unless another service could override it. */
export function withLocalAccounts(source: IdentitySource, log: Logger, files = SYSTEM): IdentitySource {
  return {
    async find(username) {
      try {
        return await source.find(username);
      } catch (error) {
        const first = await answerFirst(files).catch(() => false);
        const local = first ? await readLocalIdentity(username, files).catch(() => undefined) : undefined;
        if (local === undefined) throw error;
        log.verbose(1, 'the user database fails; a local account is read from its files', { user: username, error });
        return local;
      }
    },
  };
}

/** Whether `files` is the first service that is asked for users. */
export async function answerFirst({ nsswitch }: Pick<AccountFiles, 'nsswitch'>): Promise<boolean> {
  return FILES_FIRST.test(await readFile(nsswitch, 'utf8'));
}

export async function readLocalIdentity(
  username: string,
  { passwd, group }: Pick<AccountFiles, 'passwd' | 'group'>,
): Promise<Identity | undefined> {
  const [, , uid, gid] = (await entriesOf(passwd)).find(([name]) => name === username) ?? [];
  if (!isId(uid) || !isId(gid)) return undefined;
  const groups = await entriesOf(group);
  const own = groups.filter(([, , number]) => number === gid).slice(0, 1);
  const further = groups.filter(([, , , members]) => members?.split(',').includes(username));
  const names = [...own, ...further].map(([name = '']) => name).filter((name) => !CONTROL.test(name));
  return { username, uid, groups: [...new Set(names)], incomplete: true };
}

/** Lines that begin with + or - are for the service `compat`; what is not UTF-8 is nobody's name. */
async function entriesOf(path: string): Promise<string[][]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => !/^[+-]|\uFFFD/.test(line));
  return lines.map((line) => line.split(':')).filter(([name]) => name !== '');
}

function isId(text: string | undefined): text is string {
  return text !== undefined && /^(0|[1-9]\d{0,9})$/.test(text) && Number(text) <= MAX_ID;
}
