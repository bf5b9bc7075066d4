/** `POST /generate`: kubehook's way to a token, JSON in and out; the front parses and answers, another process decides. */
import { Router } from 'express';
import { methodNotAllowed } from '../answers.js';
import { readAsked } from '../asked-token.js';
import { parametersInJsonBody } from '../body-parameters.js';
import type { LoginFlow, LoginForm } from '../login-flow.js';

const form: LoginForm = {
  // Whatever Content-Type says: kubehook never looked at it.
  read: (request, context, settings) => readAsked(request, context, settings, parametersInJsonBody),
  issued: (_request, response, { token }) => void response.json({ token }),
  failed: (_request, response, status, body) => void response.status(status).json(body),
  challenges: true,
};

export function createGenerateRoute(flow: LoginFlow): Router {
  const route = Router({ caseSensitive: true, strict: true });
  route.route('/generate').post(flow(form)).all(methodNotAllowed('POST'));
  return route;
}
