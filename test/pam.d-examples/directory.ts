/** A directory of one's own, and SSSD that asks it over TLS: slapd and sssd as Debian packages them. Only inside a throw-away root. */
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
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
}

const slapdConfiguration = (tls: string) => `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb.so
pidfile ${DIRECTORY}/slapd.pid
TLSCertificateFile ${tls}/server.crt
TLSCertificateKeyFile ${tls}/server.key
database mdb
suffix "dc=test"
directory ${DIRECTORY}/data
access to attrs=userPassword by anonymous auth by * none
access to * by * read
`;

const sssdConfiguration = (tls: string) => `[sssd]
services = nss, pam
domains = test
[domain/test]
id_provider = ldap
ldap_uri = ldaps://127.0.0.1
ldap_search_base = dc=test
ldap_tls_cacert = ${tls}/ca.crt
access_provider = ldap
ldap_access_order = expire
ldap_account_expire_policy = shadow
`;

function entriesOf(people: readonly Person[], group: string, gid: number): string {
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
  return entries.map(([dn, ...lines]) => [`dn: ${dn}`, ...lines, ''].join('\n')).join('\n');
}

/** Starts both, with the certificate that `pamhook init` made in the directory `tls`. They end with the throw-away root. */
export function startDirectory(tls: string, people: readonly Person[], group: string, gid: number): void {
  mkdirSync(join(DIRECTORY, 'data'), { recursive: true });
  writeFileSync(join(DIRECTORY, 'slapd.conf'), slapdConfiguration(tls));
  writeFileSync(join(DIRECTORY, 'people.ldif'), entriesOf(people, group, gid));
  writeFileSync('/etc/sssd/sssd.conf', sssdConfiguration(tls));
  chmodSync('/etc/sssd/sssd.conf', 0o600);
  sh(`cd ${DIRECTORY}; slapadd -q -f slapd.conf -l people.ldif; slapd -h ldaps://127.0.0.1/ -f slapd.conf
    printf '%s\\n' 'passwd: files sss' 'group: files sss' 'shadow: files' 'hosts: files' > /etc/nsswitch.conf
    sssd -D --logger=files`);
}

export function stopDirectory(): void {
  sh(`kill "$(cat ${DIRECTORY}/slapd.pid)"`);
}
