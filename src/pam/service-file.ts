/** Where a PAM service is configured; asked by the supervisor at start, since libpam silently takes `other` for a missing file. */
import { statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { ConfigurationError } from '../errors.js';

/** In libpam's order (pam.d(5)); the last two are its vendor directories, which of them depends on how it was built. */
const SYSTEM_DIRECTORIES = ['/etc/pam.d', '/usr/lib/pam.d', '/usr/share/pam.d', '/usr/etc/pam.d'];

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * The file that configures the service, or undefined when there is none.
 * Throws ConfigurationError for a name that could lead out of the directory.
 */
export function findServiceFile(service: string, configDir: string | undefined): string | undefined {
  if (!/^[^./\0][^/\0]*$/.test(service)) {
    throw new ConfigurationError(
      `PAM service name '${service}' is not the name of a file`,
      'Give a name without slash that does not begin with a dot, such as pamhook.',
    );
  }
  return findConfiguration(service.toLowerCase(), configDir); // libpam does so before it looks
}

/** The file that an include in a service file means, or undefined when there is none. */
export function findConfiguration(name: string, configDir: string | undefined): string | undefined {
  const directories = configDir === undefined ? SYSTEM_DIRECTORIES : [configDir];
  const candidates = isAbsolute(name) ? [name] : directories.map((directory) => join(directory, name));
  return candidates.find(isFile);
}
