/** One line for each request, at verbose level 2; runs in the front. Never the query or a header: both can hold secrets. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../log/logger.js';
import type { RequestContext } from './request-context.js';

const LEVEL = 2;
const PATH_LENGTH = 256;

/** To be called when a request comes; the returned function when its response has closed. undefined: nobody would see the line. */
export function beginAccess(
  log: Logger,
  request: IncomingMessage,
  response: ServerResponse,
  context: RequestContext,
): (() => void) | undefined {
  if (log.shows?.(LEVEL) === false) return undefined;
  const began = performance.now();
  return () =>
    log.verbose(LEVEL, 'request', {
      method: request.method,
      path: context.path.slice(0, PATH_LENGTH),
      status: response.writableFinished ? response.statusCode : 'cut off',
      source: context.source,
      requestId: context.requestId,
      ms: Math.round(performance.now() - began),
    });
}
