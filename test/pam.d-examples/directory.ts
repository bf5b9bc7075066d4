/** A directory of one's own, and SSSD that asks it over TLS: slapd and sssd as Debian packages them. Only inside a throw-away root. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../harness/child.js';
import { PASSWORD, sh } from './machine.js';

const PACKAGES = join(ROOT, 'build', 'packages');
const DIRECTORY = '/run/directory';

/** `make packages-test` downloads them. */
export function installPackages(): void {
  if (!existsSync(PACKAGES)) throw new Error(`${PACKAGES} is missing: make packages-test, as root`);
  // None: the machine has them.
  if (!readdirSync(PACKAGES).some((file) => file.endsWith('.deb'))) return;
  sh(`printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d
    echo 'slapd slapd/no_configuration boolean true' | debconf-set-selections
    export DEBIAN_FRONTEND=noninteractive
    apt-get -y -q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=/dev/null install --no-install-recommends '${PACKAGES}'/*.deb`);
}

export interface Person {
  readonly name: string;
  readonly uid: number;
  /** Days since the epoch after which the account has expired. */
  readonly expires?: number;
  /** Groups besides the one of all. */
  readonly teams?: readonly string[];
}

/** A group that names its members by where they are in the tree, other groups among them (RFC 2307bis). */
export interface Team {
  readonly name: string;
  readonly gid: number;
  readonly people?: readonly string[];
  readonly teams?: readonly string[];
}

/** What sssd.conf's domain needs to read teams, instead of the groups that people name. */
export const TEAMS_ONLY = [
  'ldap_schema = rfc2307bis',
  'ldap_group_object_class = team',
  'ldap_group_member = member',
  'ldap_group_nesting_level = 3',
];

/** Further lines of sssd.conf: for the domain, and for the responder that NSS asks. */
export interface SssdLines {
  readonly domain?: readonly string[];
  readonly nss?: readonly string[];
}

const slapdConfiguration = (tls: string) => `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
objectclass ( 1.3.6.1.4.1.32473.1 NAME 'team' SUP groupOfNames STRUCTURAL MUST gidNumber )
modulepath /usr/lib/ldap
moduleload back_mdb.so
pidfile ${DIRECTORY}/slapd.pid
sizelimit unlimited
TLSCertificateFile ${tls}/server.crt
TLSCertificateKeyFile ${tls}/server.key
database mdb
suffix "dc=test"
directory ${DIRECTORY}/data
access to attrs=userPassword by anonymous auth by * none
access to * by * read
`;

const sssdConfiguration = (tls: string, { domain = [], nss = [] }: SssdLines) => `[sssd]
services = nss, pam
domains = test
[nss]
${nss.join('\n')}
[domain/test]
${domain.join('\n')}
id_provider = ldap
ldap_uri = ldaps://127.0.0.1
ldap_search_base = dc=test
ldap_tls_cacert = ${tls}/ca.crt
access_provider = ldap
ldap_access_order = expire
ldap_account_expire_policy = shadow
`;

function entryOfTeam({ name, gid, people = [], teams = [] }: Team): string[] {
  const members = [...people.map((each) => `uid=${each}`), ...teams.map((each) => `cn=${each}`)];
  return [
    `cn=${name},dc=test`,
    'objectClass: team',
    `gidNumber: ${gid}`,
    ...members.map((each) => `member: ${each},dc=test`),
  ];
}

function entriesOf(people: readonly Person[], group: string, gid: number, teams: readonly Team[]): string {
  const hash = sh(`slappasswd -s '${PASSWORD}'`).trim();
  const entries = [['dc=test', 'objectClass: dcObject', 'objectClass: organization', 'o: test']];
  for (const { name, uid, expires } of people) {
    const entry = [
      `uid=${name},dc=test`,
      'objectClass: account',
      'objectClass: posixAccount',
      'objectClass: shadowAccount',
    ];
    entry.push(
      `cn: ${name}`,
      `uidNumber: ${uid}`,
      `gidNumber: ${gid}`,
      `homeDirectory: /home/${name}`,
      `userPassword: ${hash}`,
    );
    entries.push(expires === undefined ? entry : [...entry, `shadowExpire: ${expires}`]);
  }
  entries.push([`cn=${group},dc=test`, 'objectClass: posixGroup', `gidNumber: ${gid}`]);
  [...new Set(people.flatMap(({ teams = [] }) => teams))].forEach((team, index) => {
    const members = people.filter(({ teams = [] }) => teams.includes(team)).map(({ name }) => `memberUid: ${name}`);
    entries.push([`cn=${team},dc=test`, 'objectClass: posixGroup', `gidNumber: ${gid + 1 + index}`, ...members]);
  });
  entries.push(...teams.map(entryOfTeam));
  return entries.map(([dn, ...lines]) => [`dn: ${dn}`, ...lines, ''].join('\n')).join('\n');
}

/** Starts both, with the certificate that `pamhook init` made in the directory `tls`. They end with the throw-away root. */
export function startDirectory(
  tls: string,
  people: readonly Person[],
  group: string,
  gid: number,
  lines: SssdLines = {},
  teams: readonly Team[] = [],
): void {
  mkdirSync(DIRECTORY, { recursive: true });
  writeFileSync(join(DIRECTORY, 'slapd.conf'), slapdConfiguration(tls));
  writeFileSync('/etc/sssd/sssd.conf', sssdConfiguration(tls, lines));
  chmodSync('/etc/sssd/sssd.conf', 0o600);
  fillDirectory(people, group, gid, teams);
  startSlapd();
  sh('rm -f /var/lib/sss/db/* /var/lib/sss/mc/*');
  sh(`printf '%s\\n' 'passwd: files sss' 'group: files sss' 'shadow: files' 'hosts: files' > /etc/nsswitch.conf`);
  startSssd();
}

/** These people and no others; while slapd does not run. */
export function fillDirectory(
  people: readonly Person[],
  group: string,
  gid: number,
  teams: readonly Team[] = [],
): void {
  writeFileSync(join(DIRECTORY, 'people.ldif'), entriesOf(people, group, gid, teams));
  sh(`cd ${DIRECTORY}; rm -rf data; mkdir data; slapadd -q -f slapd.conf -l people.ldif`);
}

export function startSlapd(): void {
  sh(`cd ${DIRECTORY}; slapd -h ldaps://127.0.0.1/ -f slapd.conf`);
}

export function startSssd(): void {
  sh('rm -f /run/sssd.pid; sssd -D --logger=files');
}

export function stopDirectory(): void {
  signalSlapd('TERM');
}

export function signalSlapd(signal: string): void {
  sh(`kill -s ${signal} "$(cat ${DIRECTORY}/slapd.pid)"`);
}

/** To all of its processes, which are the only ones of the name here, or to the one that NSS asks. */
export function signalSssd(signal: 'KILL' | 'STOP' | 'CONT', which: 'all' | 'sssd_nss' = 'all'): void {
  for (const [pid, name] of processNames())
    if (which === 'all' ? name.startsWith('sssd') : name === which) kill(pid, `SIG${signal}`);
}

/** By pid, the oldest first: SSSD's monitor before what it would start again. */
function processNames(): [pid: number, name: string][] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.map((pid): [number, string] => [Number(pid), nameOf(pid)]).sort(([a], [b]) => a - b);
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return ''; // Ended meanwhile.
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ESRCH') throw fault;
  }
}
