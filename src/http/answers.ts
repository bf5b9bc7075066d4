/** How the human-facing routes answer: text for people, JSON for programs that ask for it; runs in the front. */
import type { Request, Response } from 'express';

/** With a 503. */
export const RETRY_AFTER_SECONDS = '1';

/** The body of an error in JSON. */
export interface ErrorBody {
  readonly error: string;
  readonly reason?: string;
  /** The operator's. */
  readonly help?: string;
  readonly prompts?: readonly { readonly text: string; readonly echo: boolean }[];
}

/** Whether the Accept header prefers JSON; text when it has no preference, or none that can be served. */
export function prefersJson(request: Request): boolean {
  return request.accepts(['text/plain', 'application/json']) === 'application/json';
}

/** The error, and its reason after a colon; or the whole body as JSON. */
export function answerError(request: Request, response: Response, status: number, body: ErrorBody): void {
  response.status(status).vary('Accept');
  if (prefersJson(request)) response.json(body);
  else response.type('text/plain').send(body.reason === undefined ? body.error : `${body.error}: ${body.reason}`);
}

/** For a path that exists and a method that does not. */
export function methodNotAllowed(allow: string): (request: Request, response: Response) => void {
  return (request, response) => {
    response.set('Allow', allow);
    answerError(request, response, 405, { error: 'Method Not Allowed' });
  };
}
