/** The formats of option values: how each is read from text, and what it must be; used by the supervisor. */
import { isIP, SocketAddress } from 'node:net';
import { parseUrl } from '../url.js';
import { formatDuration, parseDuration } from './duration.js';
import { parseEndpoint } from './endpoint.js';
import { parseStoreUrl } from './store-url.js';

/** Bytes of UTF-8 in one value: more than any path or key in text needs. */
const LONGEST_TEXT = 8192;
const MOST_ITEMS = 64;
/** Control characters: none belongs in a name, a path or a key given as text. */
const CONTROL = /\p{Cc}/u;

/** A value as the command line, the environment (text) or a file (all of these) gives it. */
export type RawValue = string | number | boolean | readonly string[];

export interface Format<T> {
  /** What stands for the value in the help; empty for flags that need none. */
  readonly placeholder: string;
  /** Completes "must be ...". */
  readonly expected: string;
  /** true: the placeholder says enough for the help. */
  readonly obvious?: true;
  /** What a file may hold beside the text that a flag takes. */
  readonly inFile: 'string' | 'number' | 'boolean' | 'list';
  /** The value that the text stands for, which `holds` has yet to judge. May throw RangeError with a reason that shows the text. */
  parse(text: string): unknown;
  /** The same for what a file holds that is not text; as it is, where left out. May throw RangeError too. */
  tidy?(value: RawValue): unknown;
  holds(value: unknown): value is T;
  /** As a file would have it. */
  print(value: T): RawValue;
}

function textThat(expected: string, placeholder: string, accepts: (text: string) => boolean): Format<string> {
  return {
    placeholder,
    expected,
    inFile: 'string',
    parse: (given) => given,
    holds: (value): value is string => typeof value === 'string' && isPlain(value) && accepts(value),
    print: (value) => value,
  };
}

function isPlain(text: string): boolean {
  return Buffer.byteLength(text) <= LONGEST_TEXT && !CONTROL.test(text);
}

const PLAIN = `at most ${LONGEST_TEXT} bytes without control characters`;

export const text: Format<string> = { ...textThat(`text of ${PLAIN}`, 'TEXT', () => true), obvious: true };
export const path: Format<string> = { ...textThat(`a path of ${PLAIN}`, 'PATH', () => true), obvious: true };

const LONGEST_ISSUER = 1024;

/** It travels in every token. */
export const issuer = textThat(
  `text of at most ${LONGEST_ISSUER} bytes without control characters`,
  'TEXT',
  (value) => Buffer.byteLength(value) <= LONGEST_ISSUER,
);

const LONGEST_SENTENCE = 1024;

/** For people; it is sent to clients. */
export const sentence = textThat(
  `text of at most ${LONGEST_SENTENCE} bytes without control characters`,
  'TEXT',
  (value) => Buffer.byteLength(value) <= LONGEST_SENTENCE,
);

/** A file name in the directory of PAM's services: a slash would lead out of it. */
export const serviceName = textThat(
  'the name of a PAM service: 1 to 255 bytes without a slash',
  'NAME',
  (name) => name !== '' && name !== '.' && name !== '..' && !name.includes('/') && Buffer.byteLength(name) <= 255,
);

const RESERVED = 'system:';
const LONGEST_PREFIX = 256;

/** Before the names that Kubernetes sees, of which none may come to begin with `system:`: `sys` would make one of a user `tem:admin`. */
export const namePrefix = textThat(
  `a prefix of at most ${LONGEST_PREFIX} bytes through which no name can begin with ${RESERVED}`,
  'PREFIX',
  (prefix) =>
    Buffer.byteLength(prefix) <= LONGEST_PREFIX &&
    (prefix === '' || !(prefix.startsWith(RESERVED) || RESERVED.startsWith(prefix))),
);

const LONGEST_KEY_PREFIX = 64;

export const keyPrefix = textThat(
  `a prefix of at most ${LONGEST_KEY_PREFIX} bytes`,
  'PREFIX',
  (prefix) => Buffer.byteLength(prefix) <= LONGEST_KEY_PREFIX,
);

export const storeUrl: Format<string> = {
  ...textThat('redis://HOST[:PORT][/DATABASE], rediss:// for TLS, or unix:///PATH', 'URL', isStoreUrl),
  parse(given) {
    parseStoreUrl(given);
    return given;
  },
};

function isStoreUrl(url: string): boolean {
  try {
    parseStoreUrl(url);
    return true;
  } catch {
    return false;
  }
}

/** RFC 9110, 5.1. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;
/** What HTTP, or pamhook, reads for something else. */
const OTHER_HEADERS =
  /^(?:accept|authorization|connection|content-.*|cookie|expect|host|keep-alive|origin|te|trailer|transfer-encoding|upgrade|via|forwarded|x-forwarded-(?:for|host|proto|port)|x-pamhook-.*|x-request-id|proxy-.*|sec-.*)$/i;

export const headerName = textThat(
  'the name of an HTTP header that has no other use, at most 64 characters',
  'NAME',
  (value) => HEADER_NAME.test(value) && !OTHER_HEADERS.test(value),
);

const LONGEST_DELIMITER = 16;

export const delimiter = textThat(
  `1 to ${LONGEST_DELIMITER} characters of ASCII without letters and digits`,
  'TEXT',
  (value) => value.length <= LONGEST_DELIMITER && /^[ -/:-@[-`{-~]+$/.test(value),
);

const LONGEST_URL = 2048;

/** Where others reach something of ours. */
export const httpsUrl = textThat(
  `an https URL without user, query and fragment, at most ${LONGEST_URL} bytes`,
  'URL',
  isHttpsUrl,
);

function isHttpsUrl(value: string): boolean {
  if (Buffer.byteLength(value) > LONGEST_URL || /[?#\s]/.test(value)) return false;
  const url = parseUrl(value);
  return url?.protocol === 'https:' && url.username === '' && url.password === '';
}

/** Empty: all addresses. Brackets and `localhost` are taken as Go's net.Listen takes them. */
export const address: Format<string> = {
  ...textThat('an IP address, or empty for all', 'ADDRESS', (value) => value === '' || isIP(value) !== 0),
  parse: (given) => (given === 'localhost' ? '127.0.0.1' : given.replace(/^\[(.*)\]$/, '$1')),
};

/** One to listen on. */
export const endpoint = textThat(
  'an IP address and a port such as 192.0.2.1:8443, [2001:db8::1]:8443, or :8443 for all addresses',
  'ADDRESS:PORT',
  (value) => parseEndpoint(value) !== undefined,
);

/** Comma list; a file may also hold a list. Items are trimmed, empty ones dropped. */
export const list: Format<readonly string[]> = {
  placeholder: 'A,B',
  expected: `a comma list of at most ${MOST_ITEMS} items and ${LONGEST_TEXT} bytes`,
  inFile: 'list',
  parse: (given) => tidyItems(given.split(',')),
  tidy: (value) => (Array.isArray(value) ? tidyItems(value) : value),
  holds: (value): value is readonly string[] =>
    Array.isArray(value) &&
    value.length <= MOST_ITEMS &&
    value.every((item) => typeof item === 'string') &&
    isPlain(value.join(',')),
  print: (value) => [...value],
};

/** A comma list of words, each of the given ones. */
export function listOf<const W extends string>(...words: readonly W[]): Format<readonly W[]> {
  return {
    ...list,
    placeholder: `${words.join(',')}`,
    expected: `a comma list of ${words.join(', ')}`,
    holds: (value): value is readonly W[] =>
      list.holds(value) && value.every((item) => words.some((word) => word === item)),
    print: (value) => [...value],
  };
}

/** CIDR notation. An address alone is a network of one. */
export const networks: Format<readonly string[]> = {
  ...list,
  placeholder: 'NETWORK,...',
  expected: `a comma list of at most ${MOST_ITEMS} addresses and networks such as 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32`,
  holds: (value): value is readonly string[] => list.holds(value) && value.every(isNetwork),
};

/** Not those of IPv4-mapped addresses: clients are known by the IPv4 address itself. */
function isNetwork(item: string): boolean {
  const [, address = '', prefix] = /^([^/%]*)(?:\/(0|[1-9]\d{0,2}))?$/.exec(item) ?? [];
  const family = isIP(address);
  if (family === 0 || Number(prefix ?? 0) > (family === 4 ? 32 : 128)) return false;
  return family === 4 || !isMapped(address);
}

function isMapped(address: string): boolean {
  return /^::ffff:\d+\./.test(new SocketAddress({ address, family: 'ipv6' }).address);
}

function tidyItems(items: readonly unknown[]): unknown[] {
  return items.map((item) => (typeof item === 'string' ? item.trim() : item)).filter((item) => item !== '');
}

export function wholeNumber(least: number, most: number): Format<number> {
  return {
    placeholder: 'N',
    expected: `a whole number from ${least} to ${most}`,
    inFile: 'number',
    // Go would read 010 as octal: refused, not guessed.
    parse: (given) => (/^(0|[1-9]\d{0,14})$/.test(given) ? Number(given) : undefined),
    holds: (value): value is number => Number.isInteger(value) && within(value as number, least, most),
    print: (value) => value,
  };
}

/** Bounds and values in milliseconds; written in Go's notation everywhere. */
export function duration(least: number, most: number): Format<number> {
  return {
    placeholder: 'DURATION',
    expected: `a duration from ${formatDuration(least)} to ${formatDuration(most)}`,
    inFile: 'number',
    parse: parseDuration,
    // Only 0 needs no unit.
    tidy: (value) => parseDuration(String(value)),
    holds: (value): value is number => Number.isInteger(value) && within(value as number, least, most),
    print: formatDuration,
  };
}

function within(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

/** The words of Go's strconv.ParseBool. */
const BOOLEANS = new Map(
  [true, false].flatMap((value) => {
    const words = value ? ['1', 't', 'T', 'TRUE', 'true', 'True'] : ['0', 'f', 'F', 'FALSE', 'false', 'False'];
    return words.map((word) => [word, value] as const);
  }),
);

export const boolean: Format<boolean> = {
  placeholder: '',
  expected: 'true or false',
  obvious: true,
  inFile: 'boolean',
  parse: (given) => BOOLEANS.get(given),
  holds: (value): value is boolean => typeof value === 'boolean',
  print: (value) => value,
};

export function oneOf<const W extends string>(...words: readonly W[]): Format<W> {
  return {
    placeholder: words.join('|'),
    expected: `one of ${words.join(', ')}`,
    obvious: true,
    inFile: 'string',
    parse: (given) => given,
    holds: (value): value is W => words.some((word) => word === value),
    print: (value) => value,
  };
}
