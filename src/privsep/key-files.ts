/** Reads and checks certificate and keys; each fault names option, file and cure. Runs in the supervisor. */
import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/settings.js';
import { ConfigurationError } from '../errors.js';
import { checkCertificate } from '../keys/certificate.js';
import { type FileMode, keyFilePermissionFault, keyFilePermissionWarning } from '../keys/key-file-permission.js';
import { parseSigningKey, parseVerificationKey, type SigningMaterial } from '../keys/key-material.js';
import type { Logger } from '../log/logger.js';
import type { Native } from '../native/native.js';
import { Secret } from '../secret.js';
import { keyFrameOf } from './key-frame.js';
import type { KeySet } from './live-keys.js';
import { type FrontConfiguration, type KeyFrame, MAX_CERTIFICATE, MAX_KEY, MAX_VERIFICATION_KEYS } from './protocol.js';

const VERIFICATION = 'verification-key-files';
/** Bytes of a file of keys, at most; of those that travel as they are, what the protocol takes. */
const MAX_FILE = 64 * 1024;
const MAX_BYTES: Readonly<Record<string, number>> = {
  'cert-file': MAX_CERTIFICATE,
  'key-file': MAX_KEY,
  'metrics-cert-file': MAX_CERTIFICATE,
  'metrics-key-file': MAX_KEY,
};

export interface Reading {
  readonly native: Native;
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Throws ConfigurationError. */
export function readTls({ certFile, keyFile }: Settings, reading: Reading): FrontConfiguration['tls'] {
  const cert = readKeyFile(certFile, 'cert-file', reading).bytes;
  const key = readPrivate(keyFile, 'key-file', reading);
  const { warnings } = checkCertificate(cert, key, reading.now());
  for (const warning of warnings) reading.log.warn(warning, { option: 'cert-file', file: certFile });
  return { cert: cert.toString('utf8'), key: new Secret(key) };
}

/** Throws ConfigurationError. */
export function readKeys(settings: Settings, reading: Reading): KeySet {
  const { signing, verification } = readSigningKey(settings, reading);
  const others = readVerificationKeys(settings, reading).filter(({ kid }) => kid !== verification.kid);
  return { signing, verification, others };
}

/** Throws ConfigurationError. */
export function readSigningKey(
  { signingKey, signingKeyFile }: Settings,
  reading: Reading,
): { signing: KeyFrame; verification: KeyFrame } {
  if (signingKeyFile === undefined) return parseSigning((signingKey as Secret).bytes(), 'signing-key', reading);
  const bytes = readPrivate(signingKeyFile, 'signing-key-file', reading);
  try {
    return parseSigning(bytes, `signing-key-file ${signingKeyFile}`, reading);
  } finally {
    bytes.fill(0);
  }
}

/** Throws ConfigurationError. */
export function parseSigning(
  bytes: Buffer,
  origin: string,
  { log }: Pick<Reading, 'log'>,
): { signing: KeyFrame; verification: KeyFrame } {
  const { signing, verification, warnings } = parseSigningKey(bytes, origin);
  for (const warning of warnings) log.warn(warning);
  return { signing: fitting(signing, origin), verification: fitting(verification, origin) };
}

/** A key has the size of its file or less; but for an HMAC secret, which travels in base64. */
function fitting(material: SigningMaterial, origin: string): KeyFrame {
  if (material.key.length <= MAX_KEY) return keyFrameOf(material);
  throw new ConfigurationError(`${origin}: a key or secret larger than 12 KiB`, 'make a new key: pamhook keys rotate');
}

/** Throws ConfigurationError. */
export function readVerificationKeys(
  { verificationKeyFiles }: Pick<Settings, 'verificationKeyFiles'>,
  reading: Reading,
): KeyFrame[] {
  const files = verificationKeyPaths(verificationKeyFiles, reading.log);
  return files.map((file) => readVerificationKey(file, reading));
}

/** The files themselves, and in place of a directory what it has of them, by name. Throws ConfigurationError. */
export function verificationKeyPaths(paths: readonly string[], log: Logger): string[] {
  const files = paths.flatMap((path) => (kindOfFile(path) === 'directory' ? keyFilesIn(path, log) : [path]));
  if (files.length <= MAX_VERIFICATION_KEYS) return files;
  throw new ConfigurationError(
    `${VERIFICATION}: ${files.length} files, more than ${MAX_VERIFICATION_KEYS}`,
    'take away keys whose tokens have ended',
  );
}

/** Hidden names are passed over: a Secret that Kubernetes mounts has them (`..data`), and files that are still being written. */
function keyFilesIn(directory: string, log: Logger): string[] {
  const names = listDirectory(directory).filter((name) => /^[^.].*\.(?:pem|key)$/.test(name));
  const paths = names.sort().map((name) => join(directory, name));
  return paths.filter((path) => {
    const kind = kindOfFile(path);
    // Kubernetes leaves such a link for a moment when a key is taken away.
    if (kind === 'nothing') log.warn(`${VERIFICATION} ${path}: leads nowhere and is passed over`);
    return kind === 'file';
  });
}

function listDirectory(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (fault) {
    throw unreadable(directory, VERIFICATION, fault);
  }
}

function kindOfFile(path: string): 'file' | 'directory' | 'nothing' | 'other' {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return 'nothing';
    if (stat.isDirectory()) return 'directory';
    return stat.isFile() ? 'file' : 'other';
  } catch (fault) {
    throw unreadable(path, VERIFICATION, fault);
  }
}

function readVerificationKey(file: string, reading: Reading): KeyFrame {
  const { bytes, stat } = readKeyFile(file, VERIFICATION, reading);
  const origin = `${VERIFICATION} ${file}`;
  const { verification, warnings } = parseVerificationKey(bytes, origin);
  bytes.fill(0);
  // A public key is for everybody; an HMAC secret signs.
  if (verification.algorithm === 'HS256') checkPermissions(file, VERIFICATION, stat, reading.log);
  for (const warning of warnings) reading.log.warn(warning);
  return fitting(verification, origin);
}

function readPrivate(file: string, option: string, reading: Reading): Buffer {
  const { bytes, stat } = readKeyFile(file, option, reading);
  checkPermissions(file, option, stat, reading.log);
  return bytes;
}

/** Throws ConfigurationError. */
export function checkPermissions(file: string, option: string, stat: FileMode, log: Logger): void {
  const fault = keyFilePermissionFault(stat);
  if (fault !== undefined) throw new ConfigurationError(`${option} ${file}: ${fault}`, `chmod 600 ${file}`);
  const warning = keyFilePermissionWarning(stat);
  if (warning !== undefined) log.warn(`${option} ${file}: ${warning}`);
}

/** Into memory that is locked and left out of core files. Throws ConfigurationError. */
export function readKeyFile(
  file: string,
  option: string,
  { native }: Pick<Reading, 'native'>,
): { bytes: Buffer; stat: FileMode } {
  const most = MAX_BYTES[option] ?? MAX_FILE;
  let fd: number | undefined;
  try {
    fd = openSync(file, 'r');
    const bytes = native.secretBuffer(most + 1);
    const length = readWhole(fd, bytes);
    if (length <= most) return { stat: fstatSync(fd), bytes: bytes.subarray(0, length) };
  } catch (fault) {
    throw unreadable(file, option, fault);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
  throw new ConfigurationError(`${option} ${file}: larger than ${most / 1024} KiB`, 'name the right file');
}

function unreadable(path: string, option: string, cause: unknown): ConfigurationError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'error';
  return new ConfigurationError(`${option} ${path}: cannot be read (${code})`, 'name a readable file', { cause });
}

function readWhole(fd: number, bytes: Buffer): number {
  let length = 0;
  for (let read = -1; read !== 0 && length < bytes.length; length += read) {
    read = readSync(fd, bytes, length, bytes.length - length, null);
  }
  return length;
}
