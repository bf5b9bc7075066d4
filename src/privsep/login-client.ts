/** The front's stub of "issue a token": passes logins to the supervisor and waits for their results. */
import { UnavailableError } from '../errors.js';
import { Secret } from '../secret.js';
import type { Login, LoginRequest, LoginResult } from '../token/login.js';
import { type FromFront, MAX_RESPONSE, MAX_RESPONSES, type ToFront } from './protocol.js';

type LoginResultFrame = Extract<ToFront, { kind: 'login-result' }>;

export interface LoginClient {
  readonly login: Login;
  /** A result from the supervisor. */
  settle(frame: LoginResultFrame): void;
}

interface Waiter {
  resolve(result: LoginResult): void;
  reject(fault: Error): void;
}

/** `limit`: logins that may wait at once; one more is turned away with ERR_LOGIN_QUEUE_FULL. */
export function createLoginClient(send: (frame: FromFront) => void, limit: number): LoginClient {
  const waiters = new Map<number, Waiter>();
  let lastId = 0;

  const login: Login = (request, signal) => {
    if (signal.aborted) return Promise.reject(new UnavailableError('ERR_LOGIN_UNAVAILABLE', 'the client went away'));
    if (waiters.size >= limit)
      return Promise.reject(new UnavailableError('ERR_LOGIN_QUEUE_FULL', 'too many logins wait'));
    const id = ++lastId;
    return new Promise<LoginResult>((resolve, reject) => {
      const cancel = () => send({ kind: 'cancel-login', id });
      const done =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          signal.removeEventListener('abort', cancel);
          settle(value);
        };
      waiters.set(id, { resolve: done(resolve), reject: done(reject) });
      signal.addEventListener('abort', cancel, { once: true });
      send(loginFrame(id, request));
    });
  };

  function settle(frame: LoginResultFrame): void {
    const waiter = waiters.get(frame.id);
    waiters.delete(frame.id);
    if (frame.outcome === 'unavailable')
      waiter?.reject(new UnavailableError(frame.code, 'the login could not be checked'));
    else waiter?.resolve(resultOf(frame));
  }

  return { login, settle };
}

function loginFrame(id: number, request: LoginRequest): FromFront {
  return {
    kind: 'login',
    id,
    requestId: request.requestId,
    username: request.username.slice(0, MAX_RESPONSE),
    responses: request.responses
      .slice(0, MAX_RESPONSES)
      .map((response) => new Secret(response.bytes().subarray(0, MAX_RESPONSE))),
    source: request.source,
    ...(request.lifetime === undefined ? {} : { lifetime: request.lifetime }),
    ...(request.audience === undefined ? {} : { audience: request.audience }),
  };
}

function resultOf(frame: Exclude<LoginResultFrame, { outcome: 'unavailable' }>): LoginResult {
  const { kind: _, id: __, ...result } = frame;
  return result;
}
