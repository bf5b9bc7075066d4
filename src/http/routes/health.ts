/** `GET /livez` and `GET /readyz`, in the words of kube-apiserver's: what is wrong is named, why is in the log; runs in the front. */
import { type Request, type Response, Router } from 'express';
import { methodNotAllowed } from '../answers.js';
import { queryOf } from '../request-target.js';

/** One of the things that must hold for the daemon to be of use. */
export interface Check {
  /** Nothing secret, and no path: anybody may read it. */
  readonly name: string;
  readonly ok: boolean;
}

/** Never rejects, and costs little, however often it is asked. */
export type Readiness = () => Promise<readonly Check[]>;

/** That there is an answer is the answer. */
const ALIVE: readonly Check[] = [{ name: 'ping', ok: true }];

export function createHealthRoute(readiness: Readiness): Router {
  const route = Router({ caseSensitive: true, strict: true });
  const notAllowed = methodNotAllowed('GET, HEAD');
  route
    .route('/livez')
    .get((request, response) => answer('livez', ALIVE, request, response))
    .all(notAllowed);
  route
    .route('/readyz')
    .get(async (request, response) => answer('readyz', await readiness(), request, response))
    .all(notAllowed);
  return route;
}

/** No Retry-After with a 503: nobody knows when. */
function answer(name: string, checks: readonly Check[], request: Request, response: Response): void {
  const passed = checks.every(({ ok }) => ok);
  const isVerbose = new URLSearchParams(queryOf(request.url)).has('verbose');
  response.status(passed ? 200 : 503).type('text/plain');
  response.send(passed && !isVerbose ? 'ok' : report(name, checks, passed));
}

function report(name: string, checks: readonly Check[], passed: boolean): string {
  const lines = checks.map((check) => (check.ok ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`));
  return [...lines, `${name} check ${passed ? 'passed' : 'failed'}`, ''].join('\n');
}
