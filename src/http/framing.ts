/** Requests whose end two parsers could see in two places: refused by the front, with all that comes behind them. */
import type { IncomingMessage } from 'node:http';
import { headerValues } from './raw-headers.js';

/** The status for a request that Node's parser lets through, and RFC 9112 or care does not. */
export function framingFault(request: IncomingMessage): 400 | 501 | 505 | undefined {
  const { httpVersion } = request;
  if (httpVersion.startsWith('0')) return 400;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return 505;
  return (
    codingFault(headerValues(request, 'transfer-encoding'), httpVersion) ?? (hasOneHost(request) ? undefined : 400)
  );
}

/** RFC 9112, 6.1 and 6.3: there is none in HTTP/1.0, `chunked` is the last, and no other is known here. */
function codingFault([coding, ...others]: readonly string[], httpVersion: string): 400 | 501 | undefined {
  if (coding === undefined) return undefined;
  if (httpVersion === '1.0' || others.length > 0) return 400;
  if (/^\s*chunked\s*$/i.test(coding)) return undefined;
  return /,\s*chunked\s*$/i.test(coding) ? 501 : 400;
}

/** RFC 9112, 3.2: HTTP/1.1 without a Host, or any request with two, is answered 400. */
function hasOneHost(request: IncomingMessage): boolean {
  const hosts = headerValues(request, 'host').length;
  return hosts === 1 || (hosts === 0 && request.httpVersion === '1.0');
}
