/** Where a Redis server is, read from a URL; used by the supervisor. */
import { isIP } from 'node:net';
import { parseUrl } from '../url.js';

export type StoreAddress =
  | {
      readonly kind: 'tcp';
      readonly tls: boolean;
      readonly host: string;
      readonly port: number;
      readonly database: number;
    }
  | { readonly kind: 'unix'; readonly path: string; readonly database: number };

const PORT = 6379;
const HOST = /^[A-Za-z0-9_]([A-Za-z0-9._-]{0,252}[A-Za-z0-9_.])?$/;
/** Redis makes no more than an int can number. */
const DATABASE = /^(0|[1-9]\d{0,8})$/;

/** Throws RangeError with a reason that never shows the URL: there may be a password in it. */
export function parseStoreUrl(text: string): StoreAddress {
  const url = parseUrl(text);
  if (url?.username || url?.password || /^[a-z]*:\/\/[^/]*@/i.test(text)) {
    throw new RangeError(
      'has a user name or a password in it, which others could see: that is what limits-store-username and limits-store-password-file are for',
    );
  }
  if (url === undefined || url.hash !== '') throw new RangeError('is no URL of a Redis server');
  return url.protocol === 'unix:' ? unixSocket(url) : tcpSocket(url);
}

function tcpSocket({ protocol, hostname, port, pathname, search }: URL): StoreAddress {
  if (protocol !== 'redis:' && protocol !== 'rediss:')
    throw new RangeError('is none of redis://, rediss:// and unix://');
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) === 0 && !HOST.test(host)) throw new RangeError('names no host');
  if (port === '0') throw new RangeError('has port 0, where nothing can listen');
  if (search !== '') throw new RangeError('has a query, which means nothing here');
  const database = databaseIn(pathname.replace(/^\//, ''));
  return { kind: 'tcp', tls: protocol === 'rediss:', host, port: port === '' ? PORT : Number(port), database };
}

function unixSocket({ hostname, pathname, searchParams }: URL): StoreAddress {
  const path = decoded(pathname);
  if (hostname !== '' || path.length < 2)
    throw new RangeError('names no socket: it is unix:///PATH, with three slashes');
  if ([...searchParams.keys()].some((key) => key !== 'db')) throw new RangeError('has a query other than db=NUMBER');
  return { kind: 'unix', path, database: databaseIn(searchParams.get('db') ?? '') };
}

function databaseIn(text: string): number {
  if (text !== '' && !DATABASE.test(text)) throw new RangeError('names no database: that is a number');
  return Number(text);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new RangeError('has a % that stands for nothing');
  }
}

/** For logs: as an operator would write it. */
export function printStoreAddress(address: StoreAddress): string {
  if (address.kind === 'unix') return `unix://${address.path}`;
  const host = isIP(address.host) === 6 ? `[${address.host}]` : address.host;
  return `${address.tls ? 'rediss' : 'redis'}://${host}:${address.port}`;
}
