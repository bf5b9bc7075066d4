/** A front with fakes in place of PAM and of the review, on an ephemeral port of loopback; and its clients. */
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { createApp } from '#src/http/app.js';
import { createAuthenticateHandler, type ReviewOutcome } from '#src/http/authenticate.js';
import type { Bounds } from '#src/http/bounds.js';
import { admitCallers, type RefusedCaller } from '#src/http/caller.js';
import type { Documents } from '#src/http/discovery.js';
import { createTrustedProxies } from '#src/http/forwarded-for.js';
import type { Kubeconfigs } from '#src/http/kubeconfig.js';
import type { Sleep } from '#src/http/refusal-delay.js';
import type { Handler } from '#src/http/request-context.js';
import type { Readiness } from '#src/http/routes/health.js';
import { createFrontServer, type FrontServer } from '#src/http/server.js';
import { type RefusedHeader, takeUserHeader } from '#src/http/user-header.js';
import type { LogFields, Logger } from '#src/log/logger.js';
import type { Login } from '#src/token/login.js';
import type { Review } from '#src/token/review.js';
import type { Vouch } from '#src/token/vouch.js';
import { createCertificate } from '../harness/certificate.js';
import { dialTls, type From, type RawClient } from '../harness/raw-client.js';

export { dialTcp, statuses } from '../harness/raw-client.js';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

export interface Front {
  readonly port: number;
  readonly server: FrontServer;
  readonly lines: LogLine[];
  readonly outcomes: ReviewOutcome[];
  readonly refusedCallers: RefusedCaller[];
  readonly refusedHeaders: RefusedHeader[];
  /** Milliseconds that refusals were made to wait for. */
  readonly slept: number[];
}

export interface FrontParts {
  readonly login?: Login;
  readonly vouch?: Vouch;
  /** Headers that are believed; none. */
  readonly headers?: { readonly user: string; readonly groups?: string; readonly delimiter?: string };
  readonly kubeconfigs?: () => Kubeconfigs | undefined;
  readonly maxLifetime?: number;
  readonly review?: Review;
  readonly bounds?: Partial<Bounds>;
  readonly sleep?: Sleep;
  readonly host?: string;
  /** Of /readyz; it has nothing to check. */
  readonly readiness?: Readiness;
  readonly trustedProxies?: readonly string[];
  /** The configured audiences; none. */
  readonly audience?: readonly string[];
  /** Whoever asks for reviews shows a certificate of this CA. */
  readonly clientCa?: string;
  readonly subjects?: readonly string[];
  readonly now?: () => number;
  /** None. */
  readonly documents?: () => Documents;
  /** None. */
  readonly passwordHelp?: string;
}

export const certificate = await createCertificate();

/** Ends with the test, however it ends. */
export async function startFront(t: { after(end: () => Promise<void>): void }, parts: FrontParts = {}): Promise<Front> {
  const lines: LogLine[] = [];
  const outcomes: ReviewOutcome[] = [];
  const refusedCallers: RefusedCaller[] = [];
  const slept: number[] = [];
  const log = collectingLogger(lines);
  const bounds = { checkInterval: 20, ...parts.bounds };
  const sleep: Sleep = async (milliseconds) => void slept.push(milliseconds);
  const login = parts.login ?? issue;
  const review = parts.review ?? (async () => ({ authenticated: false, refusal: 'malformed' }));
  const { clientCa, subjects = [], now = Date.now } = parts;
  const authenticate = createAuthenticateHandler({
    review,
    onReview: (outcome) => outcomes.push(outcome),
    log,
    bounds,
  });
  const onRefused = (caller: RefusedCaller) => void refusedCallers.push(caller);
  const refusedHeaders: RefusedHeader[] = [];
  const guard = guardOf(parts, (header) => void refusedHeaders.push(header));
  const server = createFrontServer({
    tls: { ...certificate, ...(clientCa === undefined ? {} : { clientCa }) },
    log,
    bounds,
    trustedProxies: parts.trustedProxies ?? [],
    handlers: {
      authenticate: guard(
        clientCa === undefined ? authenticate : admitCallers(authenticate, { subjects, onRefused, now }),
      ),
      app: guard(
        createApp({
          login,
          vouch: parts.vouch ?? (async () => assert.fail('nobody was to be vouched for')),
          kubeconfigs: parts.kubeconfigs ?? (() => undefined),
          readiness: parts.readiness ?? (async () => []),
          log,
          defaultLifetime: 600,
          maxLifetime: parts.maxLifetime ?? 600,
          audience: parts.audience ?? [],
          refusalDelay: 3000,
          passwordHelp: parts.passwordHelp,
          sleep: parts.sleep ?? sleep,
          bounds,
          documents: parts.documents ?? (() => new Map()),
        }),
      ),
    },
  });
  t.after(() => server.close());
  const { port } = await server.listenOn({ host: parts.host ?? '127.0.0.1', port: 0 });
  return { port, server, lines, outcomes, refusedCallers, refusedHeaders, slept };
}

function guardOf(
  { headers, trustedProxies = [], clientCa, subjects = [], now = Date.now }: FrontParts,
  onRefused: (header: RefusedHeader) => void,
): (handler: Handler) => Handler {
  if (headers === undefined) return (handler) => handler;
  const { user, groups, delimiter = ';' } = headers;
  const proxies = createTrustedProxies(trustedProxies);
  return takeUserHeader({
    user,
    groups,
    delimiter,
    proxies,
    certificates: clientCa !== undefined,
    subjects,
    onRefused,
    now,
  });
}

/** Lets everybody in. */
export const issue: Login = async ({ username }) => ({
  outcome: 'issued',
  token: 'header.claims.signature',
  expiresAt: 1_700_000_000,
  username,
  messages: [],
});

export function collectingLogger(lines: LogLine[]): Logger {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, fields });
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    verbose: (level, message, fields = {}) => void lines.push({ level: `v${level}`, message, fields }),
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal;
}

/** One request on a connection of its own. */
export function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body, signal }: Ask = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // Whatever Host says: Node would look for that in the certificate.
    const who = { host: '127.0.0.1', servername: 'localhost', ca: certificate.cert, agent: false as const };
    const target = { ...who, port, path, method, headers };
    const asked = request({ ...target, ...(signal && { signal }) }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0, headers: received, rawHeaders } = response;
        resolve({ status: statusCode, headers: received, rawHeaders, body: Buffer.concat(chunks).toString() });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

export function basic(username: string, password: string): { Authorization: string } {
  return { Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

/** A TLS connection for bytes that no HTTP client would send. */
export function dial(port: number, from: From = {}): Promise<RawClient> {
  return dialTls(port, { ca: certificate.cert, ...from });
}

/** Sends bytes on a connection of their own, and gives back all that comes until the server closes. */
export async function exchange(port: number, bytes: string): Promise<string> {
  const client = await dial(port);
  client.socket.write(bytes, 'latin1');
  return client.closed();
}
