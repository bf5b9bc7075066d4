/** `GET` and `POST /token`: Basic credentials in, a token out; the front parses and answers, another process decides. */
import { type Request, Router } from 'express';
import { answerError, methodNotAllowed, prefersJson } from '../answers.js';
import { readAsked } from '../asked-token.js';
import { parametersInBody } from '../body-parameters.js';
import type { Issued, LoginFlow, LoginForm, LoginResponse, ReadSettings } from '../login-flow.js';
import { timestamp } from '../timestamp.js';

const form: LoginForm = {
  read: (request, context, settings) => readAsked(request, context, settings, parametersInBody),
  issued: answerIssued,
  failed: answerError,
  challenges: true,
};

export function createTokenRoute(flow: LoginFlow): Router {
  const route = Router({ caseSensitive: true, strict: true });
  const handle = flow(form);
  route.route('/token').get(handle).post(handle).all(methodNotAllowed('GET, HEAD, POST'));
  return route;
}

function answerIssued(
  request: Request,
  response: LoginResponse,
  issued: Issued,
  { bounds: { headerTokenCharacters } }: ReadSettings,
): void {
  const { token, username, messages } = issued;
  // pam_hook's way: its users read the token from this header.
  if (token.length <= headerTokenCharacters) response.set('Authorization', `Bearer ${token}`);
  response.vary('Accept');
  if (!prefersJson(request)) response.type('text/plain').send(`${token}\n`);
  else response.json({ token, expirationTimestamp: timestamp(issued.expiresAt), username, messages });
}
