/** Which pamhook, as whom, and how: the settings of a client command, checked. */
import { userInfo } from 'node:os';
import { isAbsolute } from 'node:path';
import { ConfigurationError } from '../errors.js';
import { parseUrl } from '../url.js';
import { findsKeyring } from './cache/keyring-session.js';
import type { Environment } from './io.js';
import { printable } from './printable.js';
import { EXTENSION, extensionText, findText, findTexts, isFromFlags, isSet, type Sources } from './sources.js';
import { checkCa, readCaFile } from './trust.js';

const CACHES = ['keyring', 'file', 'none'] as const;
export type CacheKind = (typeof CACHES)[number];

/** Bytes of UTF-8, as PAM takes them. */
const LONGEST_NAME = 511;
const LONGEST_TEXT = 1024;

export interface ClientSettings {
  /** https, without user, query and fragment; its path ends with a slash. */
  readonly server: URL;
  /** PEM; undefined: the system's. */
  readonly ca: string | undefined;
  readonly username: string;
  /** Sorted, without doubles. */
  readonly audience: readonly string[];
  readonly lifetime: string | undefined;
  readonly cache: CacheKind;
  /** `direct`, or a URL; undefined: as the environment says. */
  readonly proxyUrl: string | undefined;
  readonly passwordStdin: boolean;
  readonly passwordCommand: string | undefined;
  readonly environment: Environment;
}

/** `missing`: what to do where no server is named. Throws ConfigurationError. */
export async function readSettings(sources: Sources, missing: string): Promise<ClientSettings> {
  const server = findText('server', sources);
  if (server === undefined) throw new ConfigurationError('it is not said where pamhook serves', missing);
  const passwordCommand = findText('password-command', sources);
  const passwordStdin = isSet('password-stdin', sources);
  if (passwordStdin && isFromFlags('password-command', sources)) {
    throw new ConfigurationError('--password-stdin and --password-command exclude each other');
  }
  return {
    server: serverUrl(server),
    ca: await readCa(sources),
    username: checkName(findText('username', sources) ?? localName()),
    audience: [...new Set(findTexts('audience', sources).map((item) => checkText('audience', item)))].sort(),
    lifetime: checkText('lifetime', findText('lifetime', sources)),
    cache: cacheKind(sources),
    proxyUrl: findText('proxy-url', sources) ?? sources.clusterProxyUrl,
    passwordStdin,
    passwordCommand: passwordStdin ? undefined : passwordCommand,
    environment: sources.environment,
  };
}

function serverUrl(text: string): URL {
  const write = 'write it as https://pamhook.example.org:6443';
  const shown = printable(text.replace(/\/\/[^/@]*@/, '//…@'));
  const url = parseUrl(text);
  if (url === undefined) throw new ConfigurationError(`server ${shown} is no URL`, write);
  if (url.protocol !== 'https:') throw new ConfigurationError(`server ${shown} is no https URL`, write);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new ConfigurationError(`server ${shown} has more in it than host, port and path`, write);
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** A file that flags name goes before what the extension holds, and that before a variable. */
async function readCa(sources: Sources): Promise<string | undefined> {
  const name = 'certificate-authority';
  const data = extensionText(`${name}-data`, sources);
  const inExtension = extensionText(name, sources);
  if (!isFromFlags(name, sources) && data !== undefined) {
    if (inExtension !== undefined) {
      throw new ConfigurationError(`the cluster's extension ${EXTENSION} has both ${name} and ${name}-data`);
    }
    return checkCa(Buffer.from(data, 'base64').toString('utf8'), `${name}-data`);
  }
  const file = findText(name, sources);
  if (file === undefined) return undefined;
  if (!isFromFlags(name, sources) && !isAbsolute(file)) {
    throw new ConfigurationError(
      `${name} ${printable(file)} is no absolute path`,
      `outside flags it must be one, or ${name}-data in the extension`,
    );
  }
  return readCaFile(file);
}

/** Throws ConfigurationError where this account has none, in a container for instance. */
function localName(): string {
  try {
    return userInfo().username;
  } catch (cause) {
    throw new ConfigurationError('it is not said who logs in', 'give --username NAME', { cause });
  }
}

function checkName(name: string): string {
  if (name !== '' && Buffer.byteLength(name) <= LONGEST_NAME && !/[\p{Cc}:]/u.test(name)) return name;
  throw new ConfigurationError(
    `username must be 1 to ${LONGEST_NAME} bytes without colon and control characters`,
    'give --username NAME',
  );
}

function checkText<T extends string | undefined>(name: string, text: T): T {
  if (text === undefined || (Buffer.byteLength(text) <= LONGEST_TEXT && !/\p{Cc}/u.test(text))) return text;
  throw new ConfigurationError(`${name} must be at most ${LONGEST_TEXT} bytes without control characters`);
}

function cacheKind(sources: Sources): CacheKind {
  const text = findText('cache', sources);
  if (text === undefined) return findsKeyring(sources.environment) ? 'keyring' : 'file';
  const kind = CACHES.find((each) => each === text);
  if (kind !== undefined) return kind;
  throw new ConfigurationError(`cache must be one of ${CACHES.join(', ')}, not ${printable(text)}`);
}
