/** `GET /.well-known/openid-configuration` and `/.well-known/jwks.json`: what others need to verify tokens; answered by the front from memory. */
import type { RequestHandler } from 'express';
import { methodNotAllowed } from '../answers.js';
import type { Documents } from '../discovery.js';
import type { RequestContext } from '../request-context.js';

/**
 * Seconds. A key is published `--publish-for` (5 minutes) before it signs, and a Secret takes up to 2 of them to arrive: whoever
 * keeps the keys this long knows it in time. kube-apiserver asks for a key that it does not know, but 30 s before the end of this at the earliest.
 */
export const DISCOVERY_MAX_AGE = 60;

const refuse = methodNotAllowed('GET, HEAD');

export function createDiscoveryRoute(documents: () => Documents): RequestHandler {
  return (request, response, next) => {
    const document = documents().get((response.locals as RequestContext).path);
    if (document === undefined) next();
    else if (request.method !== 'GET' && request.method !== 'HEAD') refuse(request, response);
    else {
      const headers = { 'Content-Type': document.type, 'Cache-Control': `public, max-age=${DISCOVERY_MAX_AGE}` };
      // Express answers 304 where If-None-Match names it.
      response.set({ ...headers, ETag: document.etag }).send(document.body);
    }
  };
}
