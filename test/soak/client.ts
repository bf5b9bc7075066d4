/** One HTTPS request from an address of 127/8, and what its answer means; used by the load generators. */
import type { IncomingHttpHeaders } from 'node:http';
import { type Agent, type RequestOptions, request } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { Kind } from './tally.js';

/** Where the daemon is. */
export interface Target {
  readonly port: number;
  /** PEM. */
  readonly ca: string;
}

export interface Ask {
  readonly method?: string;
  /** The client's address. */
  readonly source?: string;
  /** `user:password`. */
  readonly credentials?: string;
  readonly body?: string | Buffer;
  /** Default: a connection of its own. */
  readonly agent?: Agent | undefined;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Made once: to parse certificates for each connection costs a client more than the rest of it. */
let trust: { readonly ca: string; readonly context: SecureContext } | undefined;

function trusting(ca: string): SecureContext {
  if (trust?.ca !== ca) trust = { ca, context: createSecureContext({ ca }) };
  return trust.context;
}

/** A connection from an address of 127/8. */
export function dialTcp({ port }: Target, source: string): Socket {
  return connectTcp({ host: '127.0.0.1', port, localAddress: source });
}

export function dial({ port, ca }: Target, source: string): TLSSocket {
  const where = { host: '127.0.0.1', port, secureContext: trusting(ca), localAddress: source };
  return connect(where);
}

/** No answer of the daemon's may take so long, milliseconds: pam-timeout and waiting for a worker take 30 s each. */
const PATIENCE = 90_000;

/** The answer, or how it failed to come. */
export function ask(target: Target, path: string, options: Ask = {}): Promise<Answer | 'cut off' | 'timed out'> {
  return new Promise((resolve) => {
    const asked = request({ ...requestOptions(target, path, options), timeout: PATIENCE }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', () => resolve('cut off'));
      response.on('end', () => {
        const { statusCode = 0, headers } = response;
        resolve({ status: statusCode, headers, body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    asked.on('timeout', () => {
      resolve('timed out');
      asked.destroy();
    });
    asked.on('error', () => resolve('cut off'));
    asked.end(options.body);
  });
}

function requestOptions(
  { port, ca }: Target,
  path: string,
  { method, source, credentials, body, agent, signal }: Ask,
): RequestOptions {
  const basic = credentials && { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
  return {
    host: '127.0.0.1',
    port,
    path,
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    agent: agent ?? false,
    headers: { ...basic, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
    ...{ secureContext: trusting(ca) },
    ...(source && { localAddress: source }),
    ...(signal && { signal }),
  };
}

/** What an answer is worth; `judge` sees those that are answers to the question. */
export function kindOf(answer: Answer | 'cut off' | 'timed out', judge: (answer: Answer) => boolean): Kind {
  if (typeof answer === 'string') return answer;
  if (answer.status === 503 || answer.status === 500) return 'unavailable';
  if (answer.status === 429) return 'throttled';
  return judge(answer) ? 'expected' : 'wrong';
}

/** TokenReview of a token, as kube-apiserver sends it. */
export function reviewOf(token: string): string {
  return JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } });
}

/** Whether the answer says yes, with this name if one is given. */
export function saysYes({ status, body }: Answer, username?: string): boolean {
  return (
    status === 200 &&
    body.includes('"authenticated":true') &&
    (username === undefined || body.includes(`"username":"${username}"`))
  );
}

export function saysNo({ status, body }: Answer): boolean {
  return status === 200 && body.includes('"authenticated":false') && !body.includes('"error"');
}

/** The `index`th address of 127.`net`.0.0/16. */
export function sourceOf(net: number, index: number): string {
  return `127.${net}.${Math.floor(index / 250) % 250}.${(index % 250) + 1}`;
}
