/** Kubernetes' own form of a failure (meta/v1 Status), for what is no answer to a TokenReview; made by the front. */
import type { ServerResponse } from 'node:http';
import type { RequestContext } from './request-context.js';

/** Reasons by HTTP status. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  405: 'MethodNotAllowed',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  500: 'InternalError',
};

export function kubernetesStatus(code: number, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: REASONS[code], code };
}

export function sendStatus(
  response: ServerResponse,
  context: RequestContext,
  code: number,
  message: string,
  headers?: Readonly<Record<string, string>>,
): void {
  sendJson(response, context, code, kubernetesStatus(code, message), headers);
}

export function sendJson(
  response: ServerResponse,
  { requestId }: RequestContext,
  status: number,
  body: object,
  headers?: Readonly<Record<string, string>>,
): void {
  const text = JSON.stringify(body);
  // All headers in one call: to set one before costs more than all of them.
  response.writeHead(status, {
    'X-Request-Id': requestId,
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(text);
}
