/** From a request for a token to its answer, the same for every route that takes logins: limits, delays and what stays untold; runs in the front. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Request, Response } from 'express';
import type { Logger } from '../log/logger.js';
import type { Secret } from '../secret.js';
import type { Login, LoginRequest, LoginResult } from '../token/login.js';
import type { Vouch, VouchRequest } from '../token/vouch.js';
import type { ErrorBody } from './answers.js';
import { type Bounds, bounds as defaultBounds } from './bounds.js';
import { createHeldAnswers, type HeldAnswers } from './held-answers.js';
import { remainingDelay, type Sleep } from './refusal-delay.js';
import type { RequestContext } from './request-context.js';
import type { TokenChoices } from './token-choice.js';

export interface LoginFlowOptions extends TokenChoices {
  readonly login: Login;
  /** Asked only for a request whose context names a user. */
  readonly vouch: Vouch;
  readonly log: Logger;
  /** Milliseconds. */
  readonly refusalDelay: number;
  /** For whoever's password has expired; undefined: nothing more is said. */
  readonly passwordHelp?: string | undefined;
  readonly sleep?: Sleep;
  readonly bounds?: Partial<Bounds>;
}

export type LoginResponse = Response<unknown, RequestContext>;

/** What the request asks for, or how it is answered without a login. */
export type Asked =
  | { readonly login: LoginRequest }
  | { readonly vouch: VouchRequest }
  | { readonly status: 400 | 401 | 403 | 413 | 415 | 501; readonly error: string };

export interface Issued {
  readonly token: string;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  readonly username: string;
  /** What PAM's modules said. */
  readonly messages: readonly string[];
}

/** How one route is asked, and answers. */
export interface LoginForm {
  /** undefined: the client has gone. */
  read(request: Request, context: RequestContext, settings: ReadSettings): Promise<Asked | undefined>;
  issued(request: Request, response: LoginResponse, issued: Issued, settings: ReadSettings): void;
  failed(request: Request, response: LoginResponse, status: number, body: ErrorBody): void;
  /** Whether a 401 asks for Basic credentials: a browser then does so in a window of its own. */
  readonly challenges: boolean;
}

export interface ReadSettings extends TokenChoices {
  readonly bounds: Bounds;
}

/** Answers a request by its route's form. Rejects as the login does. */
export type LoginFlow = (form: LoginForm) => (request: Request, response: LoginResponse) => Promise<void>;

type Parts = LoginFlowOptions & ReadSettings & { readonly sleep: Sleep; readonly held: HeldAnswers };

interface Exchange {
  readonly request: Request;
  readonly response: LoginResponse;
  readonly gone: AbortSignal;
  readonly form: LoginForm;
}

const CHALLENGE = 'Basic realm="pamhook", charset="UTF-8"';

/** One for all routes: what is held back for a source is counted over all of them. */
export function createLoginFlow(options: LoginFlowOptions): LoginFlow {
  const sleep: Sleep = options.sleep ?? ((milliseconds, signal) => delay(milliseconds, undefined, { signal }));
  const bounds = { ...defaultBounds, ...options.bounds };
  const parts = { ...options, sleep, bounds, held: createHeldAnswers(bounds.throttledHeld) };
  return (form) => async (request, response) => {
    const gone = whenGone(response);
    try {
      await answer({ request, response, gone, form }, parts);
    } catch (error) {
      // Nobody is left to tell; what the login made of the signal is its own affair.
      if (!gone.aborted) throw error;
    }
  };
}

async function answer(exchange: Exchange, parts: Parts): Promise<void> {
  const { request, response, gone, form } = exchange;
  const asked = await form.read(request, response.locals, parts);
  if (asked === undefined || gone.aborted) return;
  if ('login' in asked) await answerLogin(exchange, asked.login, parts);
  else if ('vouch' in asked) await answerVouched(exchange, asked.vouch, parts);
  else {
    if (asked.status === 413) response.set('Connection', 'close');
    fail(exchange, asked.status, { error: asked.error });
  }
}

async function answerLogin(exchange: Exchange, request: LoginRequest, parts: Parts): Promise<void> {
  const { gone } = exchange;
  const result = await loginAndWipe(request, gone, parts.login);
  switch (result.outcome) {
    case 'throttled':
      return answerThrottled(exchange, result, parts);
    case 'refused':
      await parts.sleep(Math.ceil(remainingDelay(result.elapsed, parts.refusalDelay)), gone);
      return fail(exchange, 401, { error: 'Authentication failure', ...whyRefused(result, parts.passwordHelp) });
    case 'prompted':
      return fail(exchange, 401, { error: 'Additional response required', prompts: result.prompts.map(plain) });
    case 'issued':
      return succeed(exchange, result, parts);
  }
}

/** The reason, which only a right password gets, and what the operator has to say to who can do something about it. */
function whyRefused(
  { reason }: LoginResult & { outcome: 'refused' },
  help: string | undefined,
): Pick<ErrorBody, 'reason' | 'help'> {
  if (reason === undefined) return {};
  return reason === 'password expired' && help !== undefined ? { reason, help } : { reason };
}

/** No delay: there is nothing to guess, and the proxy is believed. */
async function answerVouched(exchange: Exchange, request: VouchRequest, parts: Parts): Promise<void> {
  const result = await parts.vouch(request, exchange.gone);
  if (result.outcome === 'issued') succeed(exchange, { ...result, messages: [] }, parts);
  else fail(exchange, 403, { error: 'Access denied' });
}

function succeed({ request, response, gone, form }: Exchange, issued: Issued, parts: Parts): void {
  if (!gone.aborted) form.issued(request, response, issued, parts);
}

function fail({ request, response, gone, form }: Exchange, status: number, body: ErrorBody): void {
  if (gone.aborted) return;
  if (status === 401 && form.challenges) response.set('WWW-Authenticate', CHALLENGE);
  form.failed(request, response, status, body);
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

function plain({ text, echo }: { readonly text: string; readonly echo: boolean }) {
  return { text, echo };
}

/** Alike for every account and password, and held back: at full speed such answers would cost others more than the logins they spare. */
async function answerThrottled(
  exchange: Exchange,
  { retryAfter }: LoginResult & { outcome: 'throttled' },
  { held, sleep, bounds }: Parts,
): Promise<void> {
  const { request, response, gone } = exchange;
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
  fail(exchange, 429, { error: 'Too many failed logins' });
}

/** Aborts when the client closes before it has its answer. */
function whenGone(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
