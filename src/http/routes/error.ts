/** What a client sees of an error that ended its request: a status by the table of error codes, and no internals. */
import type { ErrorRequestHandler } from 'express';
import { type ErrorCode, errorCodes, PamhookError } from '../../errors.js';
import type { Logger } from '../../log/logger.js';
import { onceAnInterval } from '../../log/once-an-interval.js';
import { answerError } from '../answers.js';
import type { RequestContext } from '../request-context.js';

const RETRY_AFTER_SECONDS = '1';

/** `now`: milliseconds of a steady clock. */
export function createErrorRoute(log: Logger, now: () => number = () => performance.now()): ErrorRequestHandler {
  // Whoever fills the queue of logins causes as many as he likes.
  const mayTell = onceAnInterval<ErrorCode>(now);
  // Express tells an error handler from others by its four parameters.
  return (error: unknown, request, response, _next) => {
    if (response.destroyed) return;
    const code = error instanceof PamhookError ? error.code : 'ERR_INTERNAL';
    const { requestId } = response.locals as RequestContext;
    const unsaid = mayTell(code);
    if (unsaid !== undefined) log.warn('a request could not be answered', { requestId, code, error, ...unsaid });
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const status = errorCodes[code].http;
    if (status === 503) response.set('Retry-After', RETRY_AFTER_SECONDS);
    answerError(request, response, status, { error: status === 503 ? 'Service Unavailable' : 'Internal Server Error' });
  };
}
