/** What a client sees of an error that ended its request: a status by the table of error codes, and no internals. */
import type { ErrorRequestHandler } from 'express';
import { answerError, RETRY_AFTER_SECONDS } from '../answers.js';
import type { NoteFailure } from '../failure-note.js';
import type { RequestContext } from '../request-context.js';

export function createErrorRoute(noteFailure: NoteFailure): ErrorRequestHandler {
  // Express tells an error handler from others by its four parameters.
  return (error: unknown, request, response, _next) => {
    if (response.destroyed) return;
    const status = noteFailure(error, response.locals as RequestContext);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (status === 503) response.set('Retry-After', RETRY_AFTER_SECONDS);
    answerError(request, response, status, { error: status === 503 ? 'Service Unavailable' : 'Internal Server Error' });
  };
}
