/** The front's stub of "issue a token": passes logins to the supervisor and waits for their results. */
import { UnavailableError } from '../errors.js';
import { sourceNetwork } from '../http/source-address.js';
import { Secret } from '../secret.js';
import type { Login, LoginRequest, LoginResult } from '../token/login.js';
import { createLoginPlaces } from './login-places.js';
import { type FromFront, MAX_RESPONSE, MAX_RESPONSES, type ToFront } from './protocol.js';

type LoginResultFrame = Extract<ToFront, { kind: 'login-result' }>;

export interface LoginClient {
  readonly login: Login;
  /** A result from the supervisor. */
  settle(frame: LoginResultFrame): void;
}

interface Waiter {
  /** Lets the login go on only if its PAM transaction has begun. */
  cancel(): void;
  resolve(result: LoginResult): void;
  reject(fault: Error): void;
}

/**
 * `limit`: logins that may be under way. One more takes the place of the newest of the source that has the most, unless that is its own:
 * what loses its place, and does not run yet, is turned away with ERR_LOGIN_QUEUE_FULL.
 */
export function createLoginClient(send: (frame: FromFront) => void, limit: number): LoginClient {
  const waiters = new Map<number, Waiter>();
  const places = createLoginPlaces(limit);
  let lastId = 0;

  /** The id of a login that has a place; undefined: there is none for it. */
  function admit(source: string): number | undefined {
    // Those that lost their places are here until the supervisor has answered them.
    if (waiters.size >= 2 * limit) return undefined;
    const id = ++lastId;
    const displaced = places.take(id, sourceNetwork(source));
    if (displaced === id) return undefined;
    // Before the one that takes the place: the supervisor never sees more than the limit wait.
    if (displaced !== undefined) waiters.get(displaced)?.cancel();
    return id;
  }

  const login: Login = (request, signal) => {
    if (signal.aborted) return Promise.reject(new UnavailableError('ERR_LOGIN_UNAVAILABLE', 'the client went away'));
    const id = admit(request.source);
    if (id === undefined) return Promise.reject(new UnavailableError('ERR_LOGIN_QUEUE_FULL', 'too many logins wait'));
    return new Promise<LoginResult>((resolve, reject) => {
      const cancel = once(() => send({ kind: 'cancel-login', id }));
      const done =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          signal.removeEventListener('abort', cancel);
          settle(value);
        };
      waiters.set(id, { cancel, resolve: done(resolve), reject: done(reject) });
      signal.addEventListener('abort', cancel);
      send(loginFrame(id, request));
    });
  };

  function settle(frame: LoginResultFrame): void {
    const waiter = waiters.get(frame.id);
    waiters.delete(frame.id);
    places.leave(frame.id);
    if (frame.outcome === 'unavailable')
      waiter?.reject(new UnavailableError(frame.code, 'the login could not be checked'));
    else waiter?.resolve(resultOf(frame));
  }

  return { login, settle };
}

/** The supervisor takes one cancellation a login, no more. */
function once(call: () => void): () => void {
  let called = false;
  return () => {
    if (!called) call();
    called = true;
  };
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
