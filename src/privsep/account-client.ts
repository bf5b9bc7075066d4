/** The front's stub of PAM's account phase: passes questions to the supervisor and waits for their answers. */
import { UnavailableError } from '../errors.js';
import type { AccountAllowed } from '../token/account-allowed.js';
import type { AccountResultFrame, FromFront } from './protocol.js';

export interface AccountClient {
  readonly accountAllowed: AccountAllowed;
  /** An answer from the supervisor. */
  settle(frame: AccountResultFrame): void;
}

interface Waiter {
  resolve(allowed: boolean): void;
  reject(fault: Error): void;
}

/** `limit`: questions that may wait at once; one more is turned away with ERR_LOGIN_QUEUE_FULL. */
export function createAccountClient(send: (frame: FromFront) => void, limit: number): AccountClient {
  const waiters = new Map<number, Waiter>();
  let lastId = 0;
  return {
    accountAllowed(username) {
      if (waiters.size >= limit)
        return Promise.reject(new UnavailableError('ERR_LOGIN_QUEUE_FULL', 'too many account checks wait'));
      return new Promise((resolve, reject) => {
        const id = ++lastId;
        waiters.set(id, { resolve, reject });
        send({ kind: 'check-account', id, username });
      });
    },
    settle(frame) {
      const waiter = waiters.get(frame.id);
      waiters.delete(frame.id);
      if (frame.outcome === 'unavailable')
        waiter?.reject(new UnavailableError(frame.code, 'the account could not be checked'));
      else waiter?.resolve(frame.outcome === 'allowed');
    },
  };
}
