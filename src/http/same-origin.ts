/** Whether a browser says that a form was sent by a page of this very origin (Fetch Metadata, RFC 6454); judged by the front. */
import type { IncomingMessage } from 'node:http';
import { parseUrl } from '../url.js';
import { headerValues } from './raw-headers.js';

/** `none`: the person's own doing, such as loading the page again. No site can have a browser send that. */
const OWN_SITES: readonly string[] = ['same-origin', 'none'];

/**
 * By `Sec-Fetch-Site`, which no page can set, and which holds behind a proxy that changes the host too; from browsers older than that by `Origin`,
 * from those older still by `Referer`. What has none of the three is no form of the page's.
 */
export function isFromOwnPage(request: IncomingMessage): boolean {
  const [site, origin, referrer] = ['sec-fetch-site', 'origin', 'referer'].map((name) => headerValues(request, name));
  if (site?.length) return site.every((value) => OWN_SITES.includes(value));
  const [source, ...others] = origin?.length ? origin : (referrer ?? []);
  return source !== undefined && others.length === 0 && originOf(source) === ownOrigin(request);
}

/** The origin of this server as the client wrote it; undefined where that is none. */
export function ownOrigin(request: IncomingMessage): string | undefined {
  const [host, ...others] = headerValues(request, 'host');
  return host === undefined || others.length > 0 || /[/?#@\\]/.test(host) ? undefined : originOf(`https://${host}`);
}

function originOf(url: string): string | undefined {
  // `null`, of a page that is nobody's.
  return parseUrl(url)?.origin;
}
