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
  sendText(response, context, code, JSON.stringify(kubernetesStatus(code, message)), headers);
}

/** `text` is JSON. */
export function sendText(
  response: ServerResponse,
  context: RequestContext,
  status: number,
  text: string,
  headers?: Readonly<Record<string, string>>,
): void {
  sendBytes(response, context, status, byteString(text), headers);
}

/** The bytes of a text in UTF-8, each as a character of Latin 1: Node sends such a string in one piece with the headers, and need not encode it. */
export function byteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** `bytes`: a byteString() of JSON. */
export function sendBytes(
  response: ServerResponse,
  { requestId }: RequestContext,
  status: number,
  bytes: string,
  headers?: Readonly<Record<string, string>>,
): void {
  const list = [
    'X-Request-Id',
    requestId,
    'Content-Type',
    'application/json',
    'Content-Length',
    String(bytes.length),
    'Cache-Control',
    'no-store',
    'X-Content-Type-Options',
    'nosniff',
  ];
  if (headers !== undefined) list.push(...Object.entries(headers).flat());
  // All headers in one call, as a list: to set one before costs more than all of them.
  response.writeHead(status, list);
  response.end(bytes, 'latin1');
}
