/** What the front knows of a request beyond its bytes, and the form of all that answers one. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { VouchedUser } from '../token/vouch.js';

export interface RequestContext {
  /** Made by the front for each request, never taken from the client; every answer carries it as `X-Request-Id`. */
  readonly requestId: string;
  /** Numeric address of the client, IPv4-mapped IPv6 as IPv4; behind a trusted proxy what that says. */
  readonly source: string;
  /** The path of the request target as the client wrote it, without the query. */
  readonly path: string;
  /** The connection is older than the CA that judges client certificates now. */
  readonly outdated: boolean;
  /** Whom a proxy names that is believed; absent: nobody. */
  readonly vouched?: VouchedUser;
}

export type Handler = (request: IncomingMessage, response: ServerResponse, context: RequestContext) => void;
