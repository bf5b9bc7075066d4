/** The `--config` file, YAML or JSON: read and checked by the supervisor. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ConfigurationError } from '../errors.js';
import type { RawValue } from './format.js';
import { isOptionName, type OptionName, optionNamed, optionNames } from './options.js';
import { nearest } from './suggestion.js';
import { decodeUtf8, parseYamlObject } from './yaml-document.js';

export const LONGEST_CONFIG_FILE = 1024 * 1024;
const EXPECTED = { deepest: 8, holds: 'options' };

export interface ReadFile {
  readonly content: Buffer;
  /** Whether group or others may read it. */
  readonly readableByOthers: boolean;
}

/** At most `limit` bytes and one more, whatever the path leads to. Throws Node's errors. */
export function readBounded(path: string, limit: number): ReadFile {
  const fd = openSync(path, 'r');
  try {
    const content = Buffer.alloc(limit + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= limit; length += read) {
      read = readSync(fd, content, length, content.length - length, null);
    }
    return { content: content.subarray(0, length), readableByOthers: (fstatSync(fd).mode & 0o044) !== 0 };
  } finally {
    closeSync(fd);
  }
}

/**
 * The options of a file as they stand there, their keys and kinds checked but not yet their values.
 * Throws ConfigurationError with the line; never with a piece of the file, which may hold a secret.
 */
export function parseConfigFile(content: Buffer, path: string): ReadonlyMap<OptionName, RawValue> {
  if (content.length > LONGEST_CONFIG_FILE) throw fault(path, `is larger than ${LONGEST_CONFIG_FILE} bytes`);
  const ofThis = (reason: string) => fault(path, reason);
  const members = parseYamlObject(decodeUtf8(content, ofThis), EXPECTED, ofThis);
  const values = new Map<OptionName, RawValue>();
  for (const [key, value] of Object.entries(members)) {
    values.set(optionIn(key, path), rawValue(key, value, path));
  }
  return values;
}

function optionIn(key: string, path: string): OptionName {
  const known = optionNames.filter((name) => optionNamed(name).inFile !== false);
  if (isOptionName(key) && known.includes(key)) return key;
  // Only what a name is made of is shown: `{signing-key:SECRET}` is one key.
  const [shown = ''] = /^[\w-]{0,64}/.exec(key) ?? [];
  const near = nearest(shown, known);
  const hint = near === undefined ? '' : `: did you mean ${near}?`;
  const more = shown === key ? '' : '…';
  throw fault(path, `has an unknown key "${shown}${more}"${isOptionName(key) ? ', which is only a flag' : hint}`);
}

function rawValue(key: string, value: unknown, path: string): RawValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value;
  throw fault(
    path,
    `has ${value === null ? 'no value' : 'a value that is no text, number, boolean or list'} for ${key}`,
  );
}

function fault(path: string, reason: string): ConfigurationError {
  return new ConfigurationError(`configuration file ${path} ${reason}`, 'See pamhook serve --help for the options.');
}
