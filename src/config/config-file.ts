/** The `--config` file, YAML or JSON: read and checked by the supervisor. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Document } from 'yaml';
import { ConfigurationError } from '../errors.js';
import type { RawValue } from './format.js';
import { isOptionName, type OptionName, optionNamed, optionNames } from './options.js';
import { nearest } from './suggestion.js';

export const LONGEST_CONFIG_FILE = 1024 * 1024;
/** Of the parser's stack: document, map, list and scalar make four. */
const DEEPEST = 8;

const load = createRequire(import.meta.url);
/** Loaded for those who have such a file: it takes as long as all the rest of the configuration. */
const yaml = (): typeof import('yaml') => load('yaml');

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
  const values = new Map<OptionName, RawValue>();
  for (const [key, value] of Object.entries(parseYaml(textOf(content, path), path))) {
    values.set(optionIn(key, path), rawValue(key, value, path));
  }
  return values;
}

function textOf(content: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw fault(path, 'is not UTF-8 text');
  }
}

/** JSON is YAML. Aliases are refused: no option needs one, and a few of them can stand for gigabytes. */
function parseYaml(text: string, path: string): Record<string, unknown> {
  if (isTooDeep(text)) throw fault(path, 'is nested too deeply');
  const { isMap, isScalar } = yaml();
  const document = checkedDocument(text, path);
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) return {};
  if (!isMap(document.contents)) throw fault(path, 'must hold options, one `name: value` a line');
  return document.toJS({ maxAliasCount: 0 });
}

/** Looked at without recursion: composing a document recurses, and near the stack's end V8 may abort instead of throwing. */
function isTooDeep(text: string): boolean {
  const { Lexer, Parser } = yaml();
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme));
    if (parser.stack.length > DEEPEST) return true;
  }
  return false;
}

function checkedDocument(text: string, path: string): Document.Parsed {
  const { LineCounter, parseDocument, visit } = yaml();
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines, logLevel: 'silent', version: '1.2' });
  const broken = document.errors[0] ?? document.warnings[0];
  // The parser's own message may quote the file.
  if (broken) throw fault(path, `line ${lines.linePos(broken.pos[0]).line} is not valid YAML or JSON (${broken.code})`);
  visit(document, {
    Alias: () => {
      throw fault(path, 'has an alias (*name), which is not taken');
    },
  });
  return document;
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
