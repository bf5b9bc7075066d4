/** `GET /` and `POST /login`: the page for people, with and without script; the front parses and answers, another process decides. */
import { type Request, type Response, Router } from 'express';
import { formatDuration } from '../../config/duration.js';
import { type ErrorBody, problemOf } from '../../web/browser/problems.js';
import { page } from '../../web/page.js';
import type { Prompt, SignInView } from '../../web/view.js';
import { methodNotAllowed, RETRY_AFTER_SECONDS } from '../answers.js';
import type { NoteFailure } from '../failure-note.js';
import type { Kubeconfigs } from '../kubeconfig.js';
import type { Issued, LoginFlow, LoginForm, LoginResponse } from '../login-flow.js';
import { type FilledForm, readLoginForm } from '../login-form.js';
import { ownOrigin } from '../same-origin.js';
import { timestamp } from '../timestamp.js';
import type { TokenChoice, TokenChoices } from '../token-choice.js';

export interface PageRouteOptions extends TokenChoices {
  readonly noteFailure: NoteFailure;
  /** Of the template in use now; undefined: there is none. */
  readonly kubeconfigs: () => Kubeconfigs | undefined;
}

/** RFC 9110 wants a challenge with every 401, at which a browser would ask for a password in a window of its own. */
const REFUSED = 403;

export function createPageRoute(flow: LoginFlow, options: PageRouteOptions): Router {
  const route = Router({ caseSensitive: true, strict: true });
  const show = (_request: Request, response: LoginResponse) => send(response, signIn({}, response, options));
  const login = (request: Request, response: LoginResponse) => logIn(request, response, flow, options);
  route.route('/').get(show).all(methodNotAllowed('GET, HEAD'));
  route.route('/login').get(show).post(login).all(methodNotAllowed('GET, HEAD, POST'));
  return route;
}

async function logIn(
  request: Request,
  response: LoginResponse,
  flow: LoginFlow,
  options: PageRouteOptions,
): Promise<void> {
  let filled: FilledForm | undefined;
  const form: LoginForm = {
    async read(asked, context, settings) {
      const read = await readLoginForm(asked, context, settings);
      if (read === undefined || 'error' in read) return read;
      filled = read;
      return read.asked;
    },
    issued: (_request, _response, issued) => answerIssued(request, response, issued, filled, options),
    failed: (_request, _response, status, body) => answerFailed(request, response, status, body, filled, options),
    challenges: false,
  };
  try {
    await flow(form)(request, response);
  } catch (error) {
    if (wantsJson(request)) throw error;
    const status = options.noteFailure(error, response.locals);
    if (status === 503) response.set('Retry-After', RETRY_AFTER_SECONDS);
    answerFailed(request, response, status, { error: '' }, filled, options);
  }
}

/** HTML for who has no preference: a form without script. */
function wantsJson(request: Request): boolean {
  return request.accepts(['text/html', 'application/json']) === 'application/json';
}

function answerFailed(
  request: Request,
  response: LoginResponse,
  of: number,
  body: ErrorBody & { readonly prompts?: readonly Prompt[] },
  filled: FilledForm | undefined,
  options: PageRouteOptions,
): void {
  const status = of === 401 ? REFUSED : of;
  response.status(status).vary('Accept');
  if (wantsJson(request)) {
    response.json(body);
    return;
  }
  const problem = problemOf(status, body, Number(response.get('Retry-After') ?? 1));
  const prompts = body.prompts && [...(filled?.answered ?? []), ...body.prompts];
  send(response, signIn({ problem, ...typedInto(filled), ...(prompts && { prompts }) }, response, options));
}

/** What the person need not type again. */
function typedInto(filled: FilledForm | undefined): Pick<SignInView, 'typed'> {
  if (filled === undefined) return {};
  const { username } = filled;
  const { lifetime, audience } = filled.choice;
  return {
    typed: { username, ...(lifetime !== undefined && { lifetime }), ...(audience !== undefined && { audience }) },
  };
}

function answerIssued(
  request: Request,
  response: LoginResponse,
  issued: Issued,
  filled: FilledForm | undefined,
  options: PageRouteOptions,
): void {
  const { token, username, expiresAt, messages } = issued;
  const kubeconfigs = options.kubeconfigs();
  response.vary('Accept');
  if (wantsJson(request)) {
    const offered = kubeconfigs && { kubeconfigs: both(kubeconfigs, issued, filled?.choice, options) };
    response.json({ token, expirationTimestamp: timestamp(expiresAt), username, messages, ...offered });
  } else if (filled?.kubeconfig && kubeconfigs !== undefined) {
    response.set('Content-Disposition', 'attachment; filename="kubeconfig"').type('application/yaml');
    response.send(kubeconfigs.render({ kind: 'token', username, token }));
  } else {
    const origin = ownOrigin(request) ?? '';
    send(response, page.issued({ origin, token, username, expiresAt, messages, now: Date.now() }));
  }
}

/** The plugin asks for what was chosen here, as far as that is not what it would get anyhow. */
function both(
  kubeconfigs: Kubeconfigs,
  { username, token }: Issued,
  { lifetime, audience = [] }: Partial<TokenChoice> = {},
  { defaultLifetime, audience: all }: TokenChoices,
): object {
  const chosen = {
    ...(lifetime !== undefined && lifetime !== defaultLifetime && { lifetime: formatDuration(lifetime * 1000) }),
    ...(audience.length < all.length && { audience }),
  };
  return {
    token: kubeconfigs.render({ kind: 'token', username, token }),
    ...(kubeconfigs.hasExec && { exec: kubeconfigs.render({ kind: 'exec', username, ...chosen }) }),
  };
}

function signIn(view: Omit<SignInView, 'offer'>, { locals }: LoginResponse, options: PageRouteOptions): string {
  const { defaultLifetime, maxLifetime, audience, kubeconfigs } = options;
  const offer = { defaultLifetime, maxLifetime, audience, kubeconfig: kubeconfigs() !== undefined };
  return page.signIn({ ...view, ...(locals.vouched && { vouched: locals.vouched.username }), offer });
}

/** Under no-referrer, which all else is sent with, a browser would send its form as from nobody. */
function send(response: Response, document: string): void {
  response.set({ 'Content-Security-Policy': page.contentSecurityPolicy, 'Referrer-Policy': 'same-origin' });
  response.type('html').send(document);
}
