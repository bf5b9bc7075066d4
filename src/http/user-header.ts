/** Who a proxy says somebody is: the headers in which it does, from whom they are believed, and what may stand in them; judged by the front. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { isReserved, isUsername, MAX_USERNAME_BYTES } from '../token/user-name.js';
import type { VouchedUser } from '../token/vouch.js';
import { usableGroups } from '../token/vouching.js';
import { callerFaults, createCallerJudge } from './caller.js';
import type { TrustedProxies } from './forwarded-for.js';
import { headerValues } from './raw-headers.js';
import type { Handler, RequestContext } from './request-context.js';
import { sourceAddress } from './source-address.js';

/** Why such a request is turned away, and what whoever runs the proxy can do about it. */
export const headerFaults = {
  'untrusted address': 'it came neither from trusted-proxies nor with a client certificate, which nobody is asked for',
  'certificate outdated': 'the client certificate must be shown again: connect anew',
  ...callerFaults,
  'no certificate': 'it came neither from trusted-proxies nor with a client certificate',
  'no user': 'group-header came without user-header',
  repeated: 'user-header or group-header came more than once: let the proxy replace what clients send',
  empty: 'user-header was empty: let the proxy refuse whom it does not know',
  'not UTF-8': 'user-header or group-header was not UTF-8',
  'unusable name': `user-header had control characters in it, or more than ${MAX_USERNAME_BYTES} bytes`,
  'reserved name': 'user-header named a user that begins with system:, which belongs to Kubernetes',
  'unusable group': 'group-header had a group with control characters in it, or with more than 511 bytes',
  'too many groups': 'group-header had more groups than go into a token',
} as const satisfies Record<string, string>;

export type HeaderFault = keyof typeof headerFaults;

export interface RefusedHeader {
  readonly fault: HeaderFault;
  readonly source: string;
  readonly requestId: string;
}

export interface UserHeaderOptions {
  /** Both in lower case. */
  readonly user: string;
  readonly groups: string | undefined;
  readonly delimiter: string;
  readonly proxies: TrustedProxies;
  /** Whether clients are asked for certificates. */
  readonly certificates: boolean;
  /** Common names of which a certificate must have one; empty: every certificate of the CA will do. */
  readonly subjects: readonly string[];
  readonly onRefused: (header: RefusedHeader) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Puts the user into the context of a request. Those with a header that is not to be believed get no further, whatever they ask for. */
export function takeUserHeader(options: UserHeaderOptions): (handler: Handler) => Handler {
  const faultOfPeer = createPeerJudge(options);
  return (handler) => (request, response, context) => {
    const users = headerValues(request, options.user);
    const groups = options.groups === undefined ? [] : headerValues(request, options.groups);
    if (users.length === 0 && groups.length === 0) {
      handler(request, response, context);
      return;
    }
    const distrust = faultOfPeer(request, context);
    const vouched = distrust ?? readVouched(users, groups, options.delimiter);
    if (typeof vouched !== 'string') {
      handler(request, response, { ...context, vouched });
      return;
    }
    const { source, requestId } = context;
    options.onRefused({ fault: vouched, source, requestId });
    if (distrust === undefined) answer(response, requestId, 400, `${options.user}: ${vouched}`);
    // A certificate that is shown anew is shown on a new connection.
    else answer(response, requestId, 403, `${options.user}: not from here`, { Connection: 'close' });
  };
}

/** In plain text on every path: kube-apiserver, which sends no such header, does not read it. */
function answer(
  response: ServerResponse,
  requestId: string,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'X-Request-Id': requestId,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  // Of the answer to HEAD Node sends no body.
  response.end(body);
}

/** By the connection alone: who writes one header can write any. */
function createPeerJudge({ proxies, certificates, subjects, now }: UserHeaderOptions) {
  const judge = createCallerJudge(subjects, now);
  return (request: IncomingMessage, context: RequestContext): HeaderFault | undefined => {
    const socket = request.socket as TLSSocket;
    const peer = sourceAddress(socket.remoteAddress);
    if (peer !== undefined && proxies.has(peer)) return undefined;
    if (!certificates) return 'untrusted address';
    const caller = judge(socket, context);
    return caller === 'outdated' ? 'certificate outdated' : caller.fault;
  };
}

function readVouched(
  users: readonly string[],
  groups: readonly string[],
  delimiter: string,
): VouchedUser | HeaderFault {
  if (users.length === 0) return 'no user';
  if (users.length > 1 || groups.length > 1) return 'repeated';
  const [user, list] = [users[0] ?? '', groups[0] ?? ''].map(decode);
  if (user === undefined || list === undefined) return 'not UTF-8';
  if (user === '') return 'empty';
  if (!isUsername(user)) return 'unusable name';
  if (isReserved(user)) return 'reserved name';
  const usable = usableGroups(groupsIn(list, delimiter));
  return typeof usable === 'string' ? usable : { username: user, groups: usable };
}

function groupsIn(list: string, delimiter: string): string[] {
  const groups = list.split(delimiter).map((group) => group.trim());
  return groups.filter((group) => group !== '');
}

/** Node gives the bytes of a header one by one, as Latin-1. */
function decode(value: string): string | undefined {
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}
