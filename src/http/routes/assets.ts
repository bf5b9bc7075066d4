/** `GET /assets/...`: the script, the style and the icon of the page, answered by the front from memory; their names change with their contents. */
import type { RequestHandler } from 'express';
import { assets } from '../../web/assets.js';
import { methodNotAllowed } from '../answers.js';
import type { RequestContext } from '../request-context.js';

const FOR_EVER = 'public, max-age=31536000, immutable';

const refuse = methodNotAllowed('GET, HEAD');

export const assetsRoute: RequestHandler = (request, response, next) => {
  const asset = assets.get((response.locals as RequestContext).path);
  if (asset === undefined) next();
  else if (request.method !== 'GET' && request.method !== 'HEAD') refuse(request, response);
  else response.set({ 'Content-Type': asset.type, 'Cache-Control': FOR_EVER }).send(asset.body);
};
