/** `keys.json`: when each key of a directory was published, began to sign and ceased to; kept by `pamhook keys`. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError } from '../../errors.js';
import { hasCode, replaceFile } from '../whole-file.js';
import type { KeyDirectory } from './key-directory.js';

export const RECORD = 'keys.json';
const MAX_RECORD_BYTES = 64 * 1024;
const KINDS = ['publishedAt', 'signsSince', 'retiredAt'] as const;

/** Milliseconds since the epoch; what is absent is not known, or has not been. */
export interface KeyTimes {
  readonly publishedAt?: number;
  readonly signsSince?: number;
  readonly retiredAt?: number;
}

/** By kid. */
export type KeyRecord = ReadonlyMap<string, KeyTimes>;

/** undefined: there is none. Throws ConfigurationError when it is not as writeRecord() leaves it. */
export async function readRecord(dir: string): Promise<KeyRecord | undefined> {
  const path = join(dir, RECORD);
  const text = await readText(path);
  if (text === undefined) return undefined;
  try {
    return parseRecord(text);
  } catch (cause) {
    const cure = 'mend it, or remove it: then the times of all keys count from the next rotate on';
    throw new ConfigurationError(`${path} is damaged`, cure, { cause });
  }
}

export async function writeRecord(dir: string, record: KeyRecord): Promise<void> {
  const keys = Object.fromEntries([...record].map(([kid, times]) => [kid, asText(times)]));
  const contents = `${JSON.stringify({ keys }, null, 2)}\n`;
  await replaceFile(join(dir, RECORD), { contents, mode: 0o644 });
}

/**
 * What is known once the files have been looked at: they decide which key does what, the record only since when. A time that is not
 * known, or that lies ahead of the clock, counts from now, which is never too early. `justPublished`: kids whose verification half
 * was not there a moment ago.
 */
export function settledRecord(
  record: KeyRecord,
  { signing, next, verification }: KeyDirectory,
  justPublished: ReadonlySet<string>,
  now: number,
): KeyRecord {
  const waiting = new Set(next.map(({ kid }) => kid));
  const kids = new Set([signing.kid, ...waiting, ...verification.keys()]);
  const timesOf = (kid: string): KeyTimes => {
    const { publishedAt = now, signsSince, retiredAt = now } = record.get(kid) ?? {};
    const published = { publishedAt: justPublished.has(kid) ? now : Math.min(publishedAt, now) };
    // For how long an unknown key has signed stays unknown: its turn has come then.
    if (kid === signing.kid) {
      return signsSince === undefined ? published : { ...published, signsSince: Math.min(signsSince, now) };
    }
    return waiting.has(kid) ? published : { ...published, retiredAt: Math.min(retiredAt, now) };
  };
  return new Map([...kids].map((kid) => [kid, timesOf(kid)]));
}

async function readText(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const contents = Buffer.alloc(MAX_RECORD_BYTES + 1);
      const { bytesRead } = await file.read(contents, 0, contents.length, 0);
      return contents.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Throws RangeError or SyntaxError. */
function parseRecord(text: string): KeyRecord {
  if (text.length > MAX_RECORD_BYTES) throw new RangeError(`larger than ${MAX_RECORD_BYTES} bytes`);
  const { keys } = asObject(JSON.parse(text));
  return new Map(Object.entries(asObject(keys)).map(([kid, times]) => [kid, parseTimes(asObject(times))]));
}

function parseTimes(times: Readonly<Record<string, unknown>>): KeyTimes {
  const known = KINDS.filter((kind) => times[kind] !== undefined);
  return Object.fromEntries(known.map((kind) => [kind, parseTime(times[kind])]));
}

function parseTime(value: unknown): number {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw new RangeError('not a time');
  return time;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new RangeError('not an object');
}

function asText(times: KeyTimes): Readonly<Record<string, string>> {
  const known = KINDS.flatMap((kind) => {
    const time = times[kind];
    return time === undefined ? [] : [[kind, new Date(time).toISOString()] as const];
  });
  return Object.fromEntries(known);
}
