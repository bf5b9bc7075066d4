/** Reads what a request asks for of its token, and in whose name; the same for the routes that take Basic credentials or a proxy's word. */
import type { Request } from 'express';
import { parseBasicCredentials } from './basic-credentials.js';
import { readSmallBody } from './body.js';
import type { Bounds } from './bounds.js';
import { parseFurtherResponses, RESPONSE_HEADER } from './further-responses.js';
import type { Asked, ReadSettings } from './login-flow.js';
import { headerValues } from './raw-headers.js';
import type { RequestContext } from './request-context.js';
import { queryOf } from './request-target.js';
import { type ChoiceFault, chooseToken, type TokenChoice } from './token-choice.js';

/** The parameters in the body, as a query would have them. */
export type ParametersIn = (request: Request, body: Buffer, bounds: Bounds) => URLSearchParams | ChoiceFault;

/** In the order of the contract: 400 before 413 before the 400 of a body before 401, and PAM untouched by each. undefined: the client has gone. */
export async function readAsked(
  request: Request,
  context: RequestContext,
  settings: ReadSettings,
  parametersIn: ParametersIn,
): Promise<Asked | undefined> {
  const { bounds } = settings;
  const query = new URLSearchParams(queryOf(request.url));
  const inQuery = chooseToken(settings, query);
  if ('fault' in inQuery) return { status: 400, error: inQuery.fault };
  const limit = bounds.furtherResponses;
  const further = parseFurtherResponses(headerValues(request, RESPONSE_HEADER), limit);
  if (further === undefined) {
    return { status: 400, error: `X-Pamhook-Response must be base64 of UTF-8, at most ${limit} times` };
  }
  const body = await readSmallBody(request, bounds.otherBodyBytes);
  if (body === 'cut short') return undefined;
  if (typeof body === 'string') return { status: 413, error: 'Content Too Large' };
  const inBody = parametersIn(request, body, bounds);
  const choice = 'fault' in inBody ? inBody : chooseToken(settings, query, inBody);
  if ('fault' in choice) return { status: 400, error: choice.fault };
  return inTheNameOf(request, context, choice, further);
}

/** What a proxy says goes before credentials: it may have passed on its own. */
function inTheNameOf(
  request: Request,
  { requestId, source, vouched }: RequestContext,
  choice: TokenChoice,
  further: NonNullable<ReturnType<typeof parseFurtherResponses>>,
): Asked {
  if (vouched !== undefined) return { vouch: { requestId, source, ...vouched, ...choice } };
  const credentials = parseBasicCredentials(headerValues(request, 'authorization'));
  if (credentials === undefined) return { status: 401, error: 'Supply username and password' };
  const responses = [credentials.password, ...further];
  return { login: { requestId, source, username: credentials.username, responses, ...choice } };
}
