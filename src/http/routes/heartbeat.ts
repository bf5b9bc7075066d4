/** `GET /heartbeat`: the front is up and answers; asks neither PAM nor NSS. */
import { Router } from 'express';
import { methodNotAllowed } from '../answers.js';

export const heartbeatRoute: Router = Router({ caseSensitive: true, strict: true });

heartbeatRoute
  .route('/heartbeat')
  .get((_request, response) => {
    response.type('text/plain').send('ok');
  })
  .all(methodNotAllowed('GET, HEAD'));
