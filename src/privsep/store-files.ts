/** Reads and checks what the process that speaks to Redis is configured with; each fault names option, file and cure. Runs in the supervisor. */
import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { Settings } from '../config/settings.js';
import { ConfigurationError } from '../errors.js';
import { Secret } from '../secret.js';
import { readCaFile } from './ca-file.js';
import { checkPermissions, type Reading, readKeyFile } from './key-files.js';
import type { StoreConfiguration } from './protocol.js';

const PASSWORD_FILE = 'limits-store-password-file';
const CA_FILE = 'limits-store-ca-file';
const LONGEST_PASSWORD = 4 * 1024;

/** Of Redis' answer, so much of what a login may wait: the rest is for the way through the processes. */
const SHARE_OF_REDIS = 0.8;

export type StoreSettings = Pick<
  Settings,
  'limitsStoreUsername' | 'limitsStorePasswordFile' | 'limitsStoreCaFile' | 'limitsStorePrefix' | 'limitsStoreTimeout'
>;
type FromFiles = Pick<StoreConfiguration, 'username' | 'password' | 'ca' | 'prefix' | 'timeout' | 'replica'>;

/** Throws ConfigurationError. */
export function readStoreFiles(settings: StoreSettings, reading: Pick<Reading, 'native' | 'log'>): FromFiles {
  const { limitsStoreUsername: username, limitsStorePasswordFile: passwordFile, limitsStoreCaFile: caFile } = settings;
  return {
    ...(username === undefined ? {} : { username }),
    ...(passwordFile === undefined ? {} : { password: readPassword(passwordFile, reading) }),
    ...(caFile === undefined ? {} : { ca: readCaFile(CA_FILE, caFile, reading) }),
    prefix: settings.limitsStorePrefix,
    timeout: Math.floor(settings.limitsStoreTimeout * SHARE_OF_REDIS),
    replica: randomBytes(9).toString('base64url'),
  };
}

type Changing = Pick<StoreConfiguration, 'password' | 'ca'>;

/** For watchFiles(): what changes, and is good, is handed to `change`. */
export function liveStoreFiles(
  settings: StoreSettings,
  initial: Changing,
  reading: Pick<Reading, 'native' | 'log'>,
  change: (files: Changing) => void,
) {
  let current = initial;
  const paths = [settings.limitsStorePasswordFile, settings.limitsStoreCaFile];
  return {
    name: 'limits-store',
    paths: paths.filter((path) => path !== undefined),
    async load() {
      const { password, ca } = readStoreFiles(settings, reading);
      if (isSame(password, current.password) && ca === current.ca) return;
      current = { ...(password ? { password } : {}), ...(ca === undefined ? {} : { ca }) };
      change(current);
    },
  };
}

function isSame(left: Secret | undefined, right: Secret | undefined): boolean {
  return left === right || (left !== undefined && right !== undefined && left.bytes().equals(right.bytes()));
}

/** The line end that an editor leaves is no part of it. */
function readPassword(file: string, reading: Pick<Reading, 'native' | 'log'>): Secret {
  const { bytes, stat } = readKeyFile(file, PASSWORD_FILE, reading);
  checkPermissions(file, PASSWORD_FILE, stat, reading.log);
  const end = bytes.length - (bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? 2 : 1) : 0);
  const fault = passwordFault(bytes.subarray(0, end));
  if (fault !== undefined)
    throw new ConfigurationError(`${PASSWORD_FILE} ${file}: ${fault}`, 'write the password into it, and nothing else');
  const password = reading.native.secretBuffer(end);
  bytes.copy(password);
  bytes.fill(0);
  return new Secret(password);
}

function passwordFault(password: Buffer): string | undefined {
  if (password.length === 0) return 'is empty';
  if (password.length > LONGEST_PASSWORD) return `is longer than ${LONGEST_PASSWORD} bytes`;
  if (password.includes(0x0a)) return 'has more than one line';
  return isUtf8(password) ? undefined : 'is not UTF-8';
}
