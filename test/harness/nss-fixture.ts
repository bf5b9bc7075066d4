/** Users, groups and passwords of a test's own for a child process: nss_wrapper before libc, and PAM service files. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { preload } from './child.js';
import { matrixStack, writeServices } from './pam-service.js';
import { type Ending, scratchDirectory } from './scratch.js';

export interface FixtureUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Without colon; undefined: cannot log in. */
  readonly password?: string;
}

export interface FixtureGroup {
  readonly name: string;
  readonly gid: number;
  readonly members?: readonly string[];
}

export interface AccountsSpec {
  readonly users: readonly FixtureUser[];
  readonly groups?: readonly FixtureGroup[];
  /** Service files besides `pamhook`, or in its place; the text may use the path of pam_matrix's password file. */
  readonly services?: (passdb: string) => Readonly<Record<string, string>>;
}

export interface Accounts {
  readonly directory: string;
  /** For `-pam-config-dir`. */
  readonly configDir: string;
  /** What the child's environment needs; set on node alone, for every preloaded process takes room from the others. */
  readonly env: Readonly<Record<string, string>>;
  /** Writes users and groups anew: accounts deleted, renumbered, regrouped while the child runs. */
  update(spec: Pick<AccountsSpec, 'users' | 'groups'>): void;
}

const SYSTEM_USERS: readonly FixtureUser[] = [
  { name: 'root', uid: 0, gid: 0 },
  { name: 'nobody', uid: 65534, gid: 65534 },
];
const SYSTEM_GROUPS: readonly FixtureGroup[] = [
  { name: 'root', gid: 0 },
  { name: 'nogroup', gid: 65534 },
];

function writeAccounts(directory: string, { users, groups = [] }: Pick<AccountsSpec, 'users' | 'groups'>): void {
  const passwd = [...SYSTEM_USERS, ...users].map(({ name, uid, gid }) => `${name}:x:${uid}:${gid}::/:/bin/sh\n`);
  const group = [...SYSTEM_GROUPS, ...groups].map(
    ({ name, gid, members = [] }) => `${name}:x:${gid}:${members.join(',')}\n`,
  );
  writeFileSync(join(directory, 'passwd'), passwd.join(''));
  writeFileSync(join(directory, 'group'), group.join(''));
}

/** Makes accounts that last until the test ends. `pamhook` is a service that checks the passwords given here. */
export function createAccounts(t: Ending, spec: AccountsSpec): Accounts {
  const directory = scratchDirectory(t);
  const passdb = join(directory, 'passdb');
  const services = { pamhook: matrixStack(passdb), ...spec.services?.(passdb) };
  const configDir = writeServices(directory, services);
  const passwords = spec.users.flatMap(({ name, password }) =>
    password === undefined ? [] : Object.keys(services).map((service) => `${name}:${password}:${service}\n`),
  );
  writeFileSync(passdb, passwords.join(''));
  writeAccounts(directory, spec);
  return {
    directory,
    configDir,
    env: {
      ...preload('libnss_wrapper.so'),
      NSS_WRAPPER_PASSWD: join(directory, 'passwd'),
      NSS_WRAPPER_GROUP: join(directory, 'group'),
    },
    update: (next) => writeAccounts(directory, next),
  };
}
