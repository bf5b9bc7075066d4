/** The front's stub of "issue a token to whom a proxy vouches for": passes it to the supervisor and waits for its result. */
import { UnavailableError } from '../errors.js';
import type { Vouch, VouchRequest, VouchResult } from '../token/vouch.js';
import type { FromFront, VouchResultFrame } from './protocol.js';

export interface VouchClient {
  readonly vouch: Vouch;
  /** A result from the supervisor. */
  settle(frame: VouchResultFrame): void;
}

interface Waiter {
  resolve(result: VouchResult): void;
  reject(fault: Error): void;
}

/** `limit`: those that may wait at once; one more is turned away with ERR_LOGIN_QUEUE_FULL. */
export function createVouchClient(send: (frame: FromFront) => void, limit: number): VouchClient {
  const waiters = new Map<number, Waiter>();
  let lastId = 0;
  return {
    vouch(request, signal) {
      if (signal.aborted) return Promise.reject(new UnavailableError('ERR_LOGIN_UNAVAILABLE', 'the client went away'));
      if (waiters.size >= limit)
        return Promise.reject(new UnavailableError('ERR_LOGIN_QUEUE_FULL', 'too many users wait for their tokens'));
      return new Promise((resolve, reject) => {
        const id = ++lastId;
        waiters.set(id, { resolve, reject });
        send(vouchFrame(id, request));
      });
    },
    settle(frame) {
      const waiter = waiters.get(frame.id);
      waiters.delete(frame.id);
      if (frame.outcome === 'unavailable')
        waiter?.reject(new UnavailableError(frame.code, 'the token could not be issued'));
      else waiter?.resolve(resultOf(frame));
    },
  };
}

function vouchFrame(id: number, { lifetime, audience, ...request }: VouchRequest): FromFront {
  return {
    kind: 'vouch',
    id,
    ...request,
    ...(lifetime === undefined ? {} : { lifetime }),
    ...(audience === undefined ? {} : { audience }),
  };
}

function resultOf({ kind: _, id: __, ...result }: Exclude<VouchResultFrame, { outcome: 'unavailable' }>): VouchResult {
  return result;
}
