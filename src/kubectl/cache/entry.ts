/** What is kept of a login, and under which name. */
import { createHash } from 'node:crypto';
import { isObject } from '../json.js';
import type { ClientSettings } from '../settings.js';

/** Larger than the longest token that pamhook takes. */
export const LONGEST_ENTRY = 65_536;
const TOKEN = /^[\w.-]{1,16384}$/;

export interface KeptToken {
  readonly token: string;
  /** RFC 3339. */
  readonly expirationTimestamp: string;
  readonly username: string;
  readonly server: string;
}

/** A digest of server, CA, user and audience: a token is given to nobody who asks for another one of these. */
export function entryName({
  server,
  ca,
  username,
  audience,
}: Pick<ClientSettings, 'server' | 'ca' | 'username' | 'audience'>): string {
  const caDigest = ca === undefined ? 'system' : digest(ca.trim());
  return digest(JSON.stringify([server.href, caDigest, username, audience]));
}

/** undefined: it is not one, or not one of this server. */
export function parseEntry(text: string, server: string): KeptToken | undefined {
  const value = parse(text);
  if (!isObject(value)) return undefined;
  const { token, expirationTimestamp, username } = value;
  if (typeof token !== 'string' || !isToken(token) || value['server'] !== server) return undefined;
  if (typeof expirationTimestamp !== 'string' || Number.isNaN(Date.parse(expirationTimestamp))) return undefined;
  return typeof username === 'string' ? { token, expirationTimestamp, username, server } : undefined;
}

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
