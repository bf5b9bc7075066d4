/** One line of a log, as JSON or text, within a bound, that no text of a user can forge or disturb; used by every process. */
import type { LineValue } from './printable.js';

export type Field = readonly [name: string, value: LineValue];

/** PIPE_BUF of Linux: a pipe takes a line of this size whole, and never between pieces of another. */
export const LONGEST_LINE = 4096;
/** Bytes of one value as it is printed. */
export const LONGEST_VALUE = 1024;
const SHORTEST_CUT = 16;
const LONGEST_NAME = 64;
const MOST_FIELDS = 64;
const MOST_ITEMS = 32;
const MARK = '…[cut]';
/** Control, format (bidi included), surrogate, private and unassigned characters, and the two Unicode line ends. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;
const BARE = /^[\w.,:;/@+%-]+$/;

/** A JSON object. Where it would not fit the values are cut, the longest first, then the last fields left out; it stays valid JSON. */
export function jsonLine(fields: readonly Field[]): string {
  return fitted(fields, (some, limit) => `{${some.map((field) => jsonField(field, limit)).join(',')}}\n`);
}

/** `head message name=value ...`, with values in quotes where they are more than a plain word. */
export function textLine(head: string, message: string, fields: readonly Field[]): string {
  return fitted(fields, (some, limit) => {
    const start = `${head} ${escaped(cut(message, limit))}`;
    return `${[start, ...some.map((field) => textField(field, limit))].join(' ')}\n`;
  });
}

function fitted(fields: readonly Field[], render: (fields: readonly Field[], limit: number) => string): string {
  let some = fields.slice(0, MOST_FIELDS);
  for (let limit = LONGEST_VALUE; ; limit = Math.max(limit / 2, SHORTEST_CUT)) {
    const line = render(some, limit);
    if (Buffer.byteLength(line) <= LONGEST_LINE || some.length === 0) return line;
    if (limit === SHORTEST_CUT) some = some.slice(0, -1);
  }
}

function jsonField([name, value]: Field, limit: number): string {
  return `${quoted(cut(name, LONGEST_NAME))}:${jsonValue(value, limit)}`;
}

function textField([name, value]: Field, limit: number): string {
  const short = cut(name, LONGEST_NAME);
  const key = BARE.test(short) ? short : quoted(short);
  const shown = typeof value === 'string' && BARE.test(value) ? cut(value, limit) : jsonValue(value, limit);
  return `${key}=${shown}`;
}

function jsonValue(value: LineValue, limit: number): string {
  if (typeof value === 'string') return quoted(cut(value, limit));
  if (!Array.isArray(value)) return JSON.stringify(value);
  const items = value.length > MOST_ITEMS ? [...value.slice(0, MOST_ITEMS), MARK] : value;
  return `[${items.map((item) => quoted(cut(item, limit))).join(',')}]`;
}

/** The text itself while its printed form fits; else as many whole characters as fit beside the mark. */
function cut(text: string, limit: number): string {
  if (text.length <= limit && printedSize(text) <= limit) return text;
  let size = Buffer.byteLength(MARK);
  let end = 0;
  for (const character of text) {
    size += printedSize(character);
    if (size > limit) break;
    end += character.length;
  }
  return text.slice(0, end) + MARK;
}

function printedSize(text: string): number {
  return Buffer.byteLength(quoted(text)) - 2;
}

function quoted(text: string): string {
  return escaped(JSON.stringify(text));
}

function escaped(text: string): string {
  return text.replace(UNSAFE, (character) =>
    Array.from({ length: character.length }, (_, i) => codeUnit(character.charCodeAt(i))).join(''),
  );
}

function codeUnit(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`;
}
