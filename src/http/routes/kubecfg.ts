/** `GET /kubecfg`: a kubeconfig for who has logged in, with a token in it or with what lets kubectl fetch one; answered by the front. */
import { type Request, Router } from 'express';
import { formatDuration } from '../../config/duration.js';
import { answerError, methodNotAllowed } from '../answers.js';
import { readAsked } from '../asked-token.js';
import type { KubeconfigAuth, Kubeconfigs } from '../kubeconfig.js';
import type { Asked, Issued, LoginFlow, LoginForm } from '../login-flow.js';
import { queryOf } from '../request-target.js';

/** `kubeconfigs`: of the template in use now; undefined: there is none. */
export function createKubecfgRoute(flow: LoginFlow, kubeconfigs: () => Kubeconfigs | undefined): Router {
  const route = Router({ caseSensitive: true, strict: true });
  const form: LoginForm = {
    read: async (request, context, settings) =>
      faultOf(request, kubeconfigs()) ?? (await readAsked(request, context, settings, () => new URLSearchParams())),
    issued(request, response, issued) {
      const kubeconfig = kubeconfigs()?.render(authFor(request, issued));
      response.set('Content-Disposition', 'attachment; filename="kubeconfig"');
      response.type('application/yaml').send(kubeconfig);
    },
    failed: answerError,
    challenges: true,
  };
  route.route('/kubecfg').get(flow(form)).all(methodNotAllowed('GET, HEAD'));
  return route;
}

/** What could not be answered whoever asks; no password is tried for it. */
function faultOf(request: Request, kubeconfigs: Kubeconfigs | undefined): Asked | undefined {
  if (kubeconfigs === undefined) return { status: 501, error: 'kubecfg-template is not configured' };
  const [auth = 'token', ...others] = parametersOf(request).getAll('auth');
  if (others.length > 0) return { status: 400, error: 'auth is given more than once' };
  if (auth !== 'token' && auth !== 'exec') return { status: 400, error: 'auth is neither token nor exec' };
  if (auth === 'exec' && !kubeconfigs.hasExec) return { status: 501, error: 'public-url is not configured' };
  return undefined;
}

function authFor(request: Request, { username, token }: Issued): KubeconfigAuth {
  const parameters = parametersOf(request);
  if (parameters.get('auth') !== 'exec') return { kind: 'token', username, token };
  const minutes = Number(parameters.get('token-expires-in'));
  const lifetime = parameters.get('lifetime') || (minutes > 0 ? formatDuration(minutes * 60_000) : undefined);
  const audience = parameters.getAll('audience').filter((each) => each !== '');
  return { kind: 'exec', username, ...(lifetime === undefined ? {} : { lifetime }), audience };
}

function parametersOf(request: Request): URLSearchParams {
  return new URLSearchParams(queryOf(request.url));
}
