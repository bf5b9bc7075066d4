/** The accounts of a run, in the throw-away root alone: people of a large directory, whose tokens are reviewed, and local ones who log in. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { NSS_SERVICE } from './load.js';
import { ROOT } from './paths.js';
import { isInside } from './throw-away-root.js';

export const PASSWORD = 'Passw0rd!';
export const LOGIN_PREFIX = 'person';
/** Theirs is the same password with a hash that costs little, in which what else a login costs would be lost. */
export const BRIEF_PREFIX = 'brief';
/** As many as clients log in at once: one account's logins wait for each other. */
export const LOGINS = 64;

const FIRST_LOGIN_UID = 50_000;
const FIRST_BRIEF_UID = 51_000;
/** As load/nss_bench.c has them. */
const FIRST_USER_UID = 1_000_000;

export interface Account {
  readonly username: string;
  readonly uid: string;
}

/** In one group. */
export const one: Account = { username: 'one', uid: '100001' };
/** In 300 groups. */
export const grouped: Account = { username: 'grouped', uid: '100002' };
/** Nobody of this name is there. */
export const unknown: Account = { username: 'nobody-of-this-name', uid: '100003' };

/** In so many groups, 65,000 at most. */
export function inGroups(count: number): Account {
  return { username: `in${count}`, uid: `${200_000 + count}` };
}

/** In one group each. */
export function users(count: number): Account[] {
  return Array.from({ length: count }, (_, index) => ({ username: `user${index}`, uid: `${FIRST_USER_UID + index}` }));
}

/** In words, for the reader of the result. */
export const conditions: readonly string[] = [
  'the people whose tokens are reviewed are in an NSS service that answers from memory, as the cache of SSSD does: the cost of the directory itself is left out',
  "those who log in are in /etc/shadow, with the hashes that the system's chpasswd makes, and checked by pam.d-examples/debian",
];

/** What an ordinary user's run is worth: it has no accounts to log in to, and a front that need not drop anything. */
export const wrappedConditions: readonly string[] = [
  'run by an ordinary user: accounts of libnss_wrapper, no drop of privileges, no logins, no memory',
];

/** What a daemon needs to see these accounts. */
export interface Sight {
  readonly env: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
}

/** The people of a directory, as libnss_wrapper has them; nobody can log in. */
export function wrapAccounts(directory: string, many: readonly Account[]): Sight {
  const files = { NSS_WRAPPER_PASSWD: `${directory}/passwd`, NSS_WRAPPER_GROUP: `${directory}/group` };
  const home = '/nonexistent:/usr/sbin/nologin';
  append(
    files.NSS_WRAPPER_PASSWD,
    [one, grouped, ...many].map(({ username, uid }) => `${username}:x:${uid}:100000::${home}`),
  );
  const teams = Array.from({ length: 299 }, (_, index) => `team-${index}:x:${100_001 + index}:grouped`);
  append(files.NSS_WRAPPER_GROUP, ['people:x:100000:', ...teams]);
  const services = `${directory}/pam.d`;
  mkdirSync(services);
  append(`${services}/pamhook`, ['auth required pam_deny.so', 'account required pam_deny.so']);
  return { env: { LD_PRELOAD: 'libnss_wrapper.so', ...files }, flags: ['-pam-config-dir', services] };
}

export function createAccounts(): Sight {
  if (!isInside) throw new Error('this would change the machine itself');
  const libraries = execFileSync('cc', ['-print-file-name=libc.so.6'], { encoding: 'utf8' }).trim();
  copyFileSync(NSS_SERVICE, libraries.replace(/[^/]*$/, 'libnss_bench.so.2'));
  const databases = ['passwd: files bench', 'group: files bench', 'shadow: files', 'hosts: files'];
  writeFileSync('/etc/nsswitch.conf', databases.map((line) => `${line}\n`).join(''));
  sh('useradd --system pamhook');
  append('/etc/group', [`staff-of-the-bench:x:${FIRST_LOGIN_UID}:`]);
  createLogins(LOGIN_PREFIX, FIRST_LOGIN_UID, hashOf(PASSWORD));
  createLogins(BRIEF_PREFIX, FIRST_BRIEF_UID, hashOf(PASSWORD, '-c SHA256 -s 1000'));
  copyFileSync(`${ROOT}pam.d-examples/debian`, '/etc/pam.d/pamhook');
  return { env: {}, flags: [] };
}

function createLogins(prefix: string, firstUid: number, hash: string): void {
  const names = Array.from({ length: LOGINS }, (_, index) => `${prefix}${index}`);
  const home = '/nonexistent:/usr/sbin/nologin';
  append(
    '/etc/passwd',
    names.map((name, index) => `${name}:x:${firstUid + index}:${FIRST_LOGIN_UID}::${home}`),
  );
  append(
    '/etc/shadow',
    names.map((name) => `${name}:${hash}:19000:0:99999:7:::`),
  );
}

function append(path: string, lines: readonly string[]): void {
  appendFileSync(path, lines.map((line) => `${line}\n`).join(''));
}

/** Without options by the machine's own default, yescrypt on Debian; made once, since all have one password. */
function hashOf(password: string, options = ''): string {
  sh(`useradd -M hashed; chpasswd ${options} <<< 'hashed:${password}'`);
  const lines = readFileSync('/etc/shadow', 'utf8').split('\n');
  sh('userdel hashed');
  return lines.find((line) => line.startsWith('hashed:'))?.split(':')[1] ?? '';
}

function sh(script: string): void {
  execFileSync('bash', ['-euc', script], { stdio: ['ignore', 'ignore', 'pipe'] });
}
