/** `GET` and `POST /token`: Basic credentials in, a token out; the front parses and answers, another process decides. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Request, type Response, Router } from 'express';
import type { Logger } from '../../log/logger.js';
import type { Secret } from '../../secret.js';
import type { Login, LoginRequest, LoginResult } from '../../token/login.js';
import { answerError, methodNotAllowed, prefersJson } from '../answers.js';
import { parseBasicCredentials } from '../basic-credentials.js';
import { readSmallBody } from '../body.js';
import { parametersInBody } from '../body-parameters.js';
import { type Bounds, bounds as defaultBounds } from '../bounds.js';
import { parseFurtherResponses, RESPONSE_HEADER } from '../further-responses.js';
import { createHeldAnswers, type HeldAnswers } from '../held-answers.js';
import { headerValues } from '../raw-headers.js';
import { remainingDelay, type Sleep } from '../refusal-delay.js';
import type { RequestContext } from '../request-context.js';
import { queryOf } from '../request-target.js';
import { chooseToken, type TokenChoices } from '../token-choice.js';

export interface TokenRouteOptions extends TokenChoices {
  readonly login: Login;
  readonly log: Logger;
  /** Milliseconds. */
  readonly refusalDelay: number;
  readonly sleep?: Sleep;
  readonly bounds?: Partial<Bounds>;
}

type TokenResponse = Response<unknown, RequestContext>;

type Decided = Exclude<LoginResult, { outcome: 'throttled' }>;

/** What the request asks for, or how it is answered without a login. */
type Asked =
  | { readonly login: LoginRequest }
  | { readonly status: 400 | 413; readonly error: string }
  | { readonly status: 401 };

const CHALLENGE = 'Basic realm="pamhook", charset="UTF-8"';

export function createTokenRoute(options: TokenRouteOptions): Router {
  const route = Router({ caseSensitive: true, strict: true });
  const sleep: Sleep = options.sleep ?? ((milliseconds, signal) => delay(milliseconds, undefined, { signal }));
  const bounds = { ...defaultBounds, ...options.bounds };
  const parts = { ...options, sleep, bounds, held: createHeldAnswers(bounds.throttledHeld) };

  async function handle(request: Request, response: TokenResponse): Promise<void> {
    const gone = whenGone(response);
    try {
      await answer(request, response, gone, parts);
    } catch (error) {
      // Nobody is left to tell; what the login made of the signal is its own affair.
      if (!gone.aborted) throw error;
    }
  }

  route.route('/token').get(handle).post(handle).all(methodNotAllowed('GET, HEAD, POST'));
  return route;
}

type Parts = TokenRouteOptions & { readonly sleep: Sleep; readonly bounds: Bounds; readonly held: HeldAnswers };

async function answer(request: Request, response: TokenResponse, gone: AbortSignal, parts: Parts): Promise<void> {
  const asked = await parseRequest(request, response.locals, parts);
  if (asked === undefined || gone.aborted) return;
  if (!('login' in asked)) {
    answerUnasked(request, response, asked);
    return;
  }
  const result = await loginAndWipe(asked.login, gone, parts.login);
  if (result.outcome === 'throttled') {
    await answerThrottled(request, response, result, gone, parts);
    return;
  }
  if (result.outcome === 'refused') {
    await parts.sleep(Math.ceil(remainingDelay(result.elapsed, parts.refusalDelay)), gone);
  }
  if (!gone.aborted) answerLogin(request, response, result, parts.bounds);
}

/** In the order of the contract: 400 before 413 before the 400 of a body before 401, and PAM untouched by each. undefined: the client has gone. */
async function parseRequest(request: Request, context: RequestContext, parts: Parts): Promise<Asked | undefined> {
  const query = new URLSearchParams(queryOf(request.url));
  const inQuery = chooseToken(parts, query);
  if ('fault' in inQuery) return { status: 400, error: inQuery.fault };
  const limit = parts.bounds.furtherResponses;
  const further = parseFurtherResponses(headerValues(request, RESPONSE_HEADER), limit);
  if (further === undefined) {
    return { status: 400, error: `X-Pamhook-Response must be base64 of UTF-8, at most ${limit} times` };
  }
  const body = await readSmallBody(request, parts.bounds.otherBodyBytes);
  if (body === 'cut short') return undefined;
  if (typeof body === 'string') return { status: 413, error: 'Content Too Large' };
  const inBody = parametersInBody(request, body, parts.bounds);
  const choice = 'fault' in inBody ? inBody : chooseToken(parts, query, inBody);
  if ('fault' in choice) return { status: 400, error: choice.fault };
  const credentials = parseBasicCredentials(headerValues(request, 'authorization'));
  if (credentials === undefined) return { status: 401 };
  const { requestId, source } = context;
  const responses = [credentials.password, ...further];
  return { login: { requestId, source, username: credentials.username, responses, ...choice } };
}

async function loginAndWipe(request: LoginRequest, gone: AbortSignal, login: Login): Promise<LoginResult> {
  try {
    return await login(request, gone);
  } finally {
    request.responses.forEach((response: Secret) => {
      response.wipe();
    });
  }
}

function answerUnasked(
  request: Request,
  response: TokenResponse,
  asked: Exclude<Asked, { login: LoginRequest }>,
): void {
  if (asked.status === 401) {
    response.set('WWW-Authenticate', CHALLENGE);
    answerError(request, response, 401, { error: 'Supply username and password' });
    return;
  }
  if (asked.status === 413) response.set('Connection', 'close');
  answerError(request, response, asked.status, { error: asked.error });
}

/** Alike for every account and password, and held back: at full speed such answers would cost others more than the logins they spare. */
async function answerThrottled(
  request: Request,
  response: TokenResponse,
  { retryAfter }: LoginResult & { outcome: 'throttled' },
  gone: AbortSignal,
  { held, sleep, bounds }: Parts,
): Promise<void> {
  const release = held.hold(response.locals.source);
  if (release === undefined) {
    request.socket.destroy();
    return;
  }
  try {
    await sleep(bounds.throttledHold, gone);
  } finally {
    release();
  }
  if (gone.aborted) return;
  response.set('Retry-After', String(Math.max(1, Math.ceil(retryAfter / 1000))));
  answerError(request, response, 429, { error: 'Too many failed logins' });
}

function answerLogin(request: Request, response: TokenResponse, result: Decided, bounds: Bounds): void {
  if (result.outcome === 'issued') {
    answerIssued(request, response, result, bounds);
    return;
  }
  response.set('WWW-Authenticate', CHALLENGE);
  if (result.outcome === 'prompted') {
    const prompts = result.prompts.map(({ text, echo }) => ({ text, echo }));
    answerError(request, response, 401, { error: 'Additional response required', prompts });
    return;
  }
  const reason = result.reason && { reason: result.reason };
  answerError(request, response, 401, { error: 'Authentication failure', ...reason });
}

function answerIssued(
  request: Request,
  response: TokenResponse,
  issued: LoginResult & { outcome: 'issued' },
  { headerTokenCharacters }: Bounds,
): void {
  const { token, username, messages } = issued;
  // pam_hook's way: its users read the token from this header.
  if (token.length <= headerTokenCharacters) response.set('Authorization', `Bearer ${token}`);
  response.vary('Accept');
  if (!prefersJson(request)) response.type('text/plain').send(`${token}\n`);
  else response.json({ token, expirationTimestamp: timestamp(issued.expiresAt), username, messages });
}

/** RFC 3339 in whole seconds, as Kubernetes writes it. */
function timestamp(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** Aborts when the client closes before it has its answer. */
function whenGone(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
