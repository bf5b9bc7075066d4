/** Asks for the counts that replicas share, of the process that speaks to Redis, and goes on without them; in the supervisor. */
import { createHash } from 'node:crypto';
import { PamhookError } from '../errors.js';
import type { Logger } from '../log/logger.js';
import type { Admission, LoginAttempt } from '../token/login-limits.js';
import type { FromStore, ToStore } from './protocol.js';

export interface SharedLimits {
  /** Of what the replica's own counts have admitted. Resolves within the time-out and never rejects: what cannot be asked is admitted. */
  take(attempt: LoginAttempt): Promise<Admission>;
}

type Admitted = Extract<Admission, { admitted: true }>;

/** What the supervisor's own counts have admitted and the shared ones judged. */
export function joined(own: Admitted, shared: Admission): Admission {
  if (!shared.admitted) {
    own.settle('neutral');
    return shared;
  }
  return {
    admitted: true,
    settle(outcome) {
      own.settle(outcome);
      shared.settle(outcome);
    },
  };
}

export interface StoreClient extends SharedLimits {
  /** Throws ERR_PROTOCOL for an answer to nothing. */
  receive(frame: Extract<FromStore, { kind: 'taken' | 'state' }>): void;
  /** The process is gone, and another one may answer later; undefined: it was told to. */
  gone(how: string | undefined): void;
}

export interface StoreClientOptions {
  /** To the process that runs now, if any. */
  readonly send: (frame: ToStore) => void;
  /** Milliseconds that a login may wait. */
  readonly timeout: number;
  /** For the log: the address. */
  readonly store: string;
  /** Whether counts are shared from now on. */
  readonly onShared?: (isShared: boolean) => void;
  readonly log: Logger;
}

type Answer = Extract<FromStore, { kind: 'taken' }>;

export function createStoreClient({ send, timeout, store, onShared, log }: StoreClientOptions): StoreClient {
  /** What still waits, by id. */
  const waiting = new Map<number, (answer?: Answer) => void>();
  /** Whose time was over before the answer came: as long as there are any, the process is asked nothing. */
  const overdue = new Set<number>();
  const tell = createTeller(store, onShared, log);
  let connected = false;
  let lastId = 0;

  function ask(id: number, attempt: LoginAttempt): Promise<Admission> {
    const about = { id, ...digestsOf(attempt) };
    const admitted: Admission = {
      admitted: true,
      settle: (outcome) => outcome !== 'failed' && send({ kind: 'settle', ...about, outcome }),
    };
    return new Promise((resolve) => {
      const timer = setTimeout(() => late(id), timeout);
      waiting.set(id, (answer) => {
        waiting.delete(id);
        clearTimeout(timer);
        resolve(answer?.outcome === 'refused' ? { admitted: false, retryAfter: answer.retryAfter } : admitted);
      });
      send({ kind: 'take', ...about });
    });
  }

  function late(id: number): void {
    overdue.add(id);
    waiting.get(id)?.();
    tell(`no answer within ${timeout} ms`);
  }

  function answered(answer: Answer): void {
    const settle = waiting.get(answer.id);
    if (settle !== undefined) settle(answer);
    else if (!overdue.delete(answer.id)) throw new PamhookError('ERR_PROTOCOL', 'an answer to nothing');
    else if (overdue.size === 0 && connected) tell();
  }

  return {
    take(attempt) {
      if (!connected || overdue.size > 0) return Promise.resolve({ admitted: true, settle() {} });
      return ask(++lastId, attempt);
    },
    receive(frame) {
      if (frame.kind === 'taken') return answered(frame);
      connected = frame.state === 'shared';
      if (frame.state === 'alone') tell(frame.reason);
      else if (overdue.size === 0) tell();
    },
    gone(how) {
      connected = false;
      overdue.clear();
      for (const settle of [...waiting.values()]) settle();
      if (how !== undefined) tell(`its process ended: ${how}`);
    },
  };
}

/** Says what has changed, and nothing twice. */
function createTeller(store: string, onShared: StoreClientOptions['onShared'], log: Logger): (reason?: string) => void {
  let said: string | undefined;
  return (reason = '') => {
    if (said === reason) return;
    said = reason;
    onShared?.(reason === '');
    if (reason === '') log.info('failed logins are counted together with other replicas', { store });
    else log.warn('failed logins are counted by this replica alone', { store, reason });
  };
}

/**
 * What leaves the supervisor. Neither the process that speaks to Redis nor Redis sees a name or an address in clear; whoever can guess both
 * can tell whether they are there. The account's has the source in it, so that one account from two sources does not look like one.
 */
export function digestsOf({ account, source }: LoginAttempt): { account: string; source: string } {
  return { account: digest(['account', source, account]), source: digest(['source', source]) };
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
}
