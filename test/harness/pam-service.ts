/** Directories of PAM service files for pam_start_confdir: real libpam and modules, as any user, with /etc left alone. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The path of cwrap's pam_matrix.so, which keeps its accounts in a file `user:password:service`. */
export function pamMatrix(): string {
  const found = readdirSync('/usr/lib')
    .map((directory) => join('/usr/lib', directory, 'pam_wrapper'))
    .find((directory) => {
      try {
        return readdirSync(directory).includes('pam_matrix.so');
      } catch {
        return false;
      }
    });
  if (found === undefined) throw new Error('pam_matrix.so is missing: install libpam-wrapper');
  return join(found, 'pam_matrix.so');
}

/** Both phases by pam_matrix. */
export function matrixStack(passdb: string): string {
  const line = `required ${pamMatrix()} passdb=${passdb}`;
  return `auth ${line}\naccount ${line}\n`;
}

/** Lines that make the account phase give this code (pam_debug(8): `acct_expired`, ...) for one user. */
export function accountCode(user: string, code: string): string {
  return `account [success=ignore default=1] pam_succeed_if.so quiet user = ${user}\naccount requisite pam_debug.so acct=${code}\n`;
}

/** Writes service files, and an `other` that denies; returns the directory of them. */
export function writeServices(directory: string, services: Readonly<Record<string, string>>): string {
  const configDir = join(directory, 'pam.d');
  mkdirSync(configDir, { recursive: true });
  const other = 'auth required pam_deny.so\naccount required pam_deny.so\n';
  for (const [name, text] of Object.entries({ other, ...services })) writeFileSync(join(configDir, name), text);
  return configDir;
}
