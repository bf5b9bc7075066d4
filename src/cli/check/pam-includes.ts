/** Where libpam looks for what a service file includes; run by `pamhook check`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Native } from '../../native/native.js';
import { findConfiguration } from '../../pam/service-file.js';

/**
 * Finds the file that an include means. With a directory of its own a service is read from there by every libpam, but
 * what it includes by a relative name only by newer ones: that of Debian 12 (1.5.2) takes it from /etc/pam.d.
 */
export function includeFinder(
  configDir: string | undefined,
  native: Pick<Native, 'pamTransaction'>,
): (name: string) => string | undefined {
  let there: boolean | undefined;
  return (name) => {
    if (configDir === undefined || isAbsolute(name)) return findConfiguration(name, undefined);
    there ??= readsIncludesThere(native);
    return findConfiguration(name, there ? configDir : undefined);
  };
}

/** Tried, since nothing tells it: a service in a directory for the moment, which permits by what it includes. */
function readsIncludesThere(native: Pick<Native, 'pamTransaction'>): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'pamhook-check-'));
  try {
    writeFileSync(join(directory, 'pamhook-check'), 'account include pamhook-check-permit\n');
    writeFileSync(join(directory, 'pamhook-check-permit'), 'account required pam_permit.so\n');
    const { code } = native.pamTransaction({
      service: 'pamhook-check',
      user: 'root',
      responses: [],
      remoteHost: '127.0.0.1',
      tty: 'pamhook',
      configDir: directory,
      authenticate: false,
    });
    return code === 'PAM_SUCCESS';
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
