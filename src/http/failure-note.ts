/** What the log says of requests that could not be answered: one line a cause and interval, since clients can cause any number; in the front. */
import { type ErrorCode, errorCodes, PamhookError } from '../errors.js';
import type { Logger } from '../log/logger.js';
import { onceAnInterval } from '../log/once-an-interval.js';
import type { RequestContext } from './request-context.js';

/** The status by the table of error codes; the log has the rest. */
export type NoteFailure = (error: unknown, context: RequestContext) => number;

/** `now`: milliseconds of a steady clock. */
export function createNoteFailure(log: Logger, now: () => number = () => performance.now()): NoteFailure {
  const mayTell = onceAnInterval<ErrorCode>(now);
  return (error, { requestId }) => {
    const code = error instanceof PamhookError ? error.code : 'ERR_INTERNAL';
    const unsaid = mayTell(code);
    if (unsaid !== undefined) log.warn('a request could not be answered', { requestId, code, error, ...unsaid });
    return errorCodes[code].http;
  };
}
