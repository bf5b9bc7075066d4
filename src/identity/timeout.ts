/** Bounds how long the user database is waited for: a directory that hangs holds up no review and no login. In every process that asks it. */
import { UnavailableError } from '../errors.js';
import type { Identity, IdentitySource } from './identity.js';

/** Calls back once, unless the returned function is called before. */
export type SetTimer = (callback: () => void, milliseconds: number) => () => void;

/** Rejects with ERR_NSS_TIMEOUT when the answer takes longer; the question itself goes on. */
export async function within<T>(milliseconds: number, ask: () => Promise<T>, setTimer = startTimer): Promise<T> {
  let cancel = () => {};
  const late = new Promise<never>((_, reject) => {
    cancel = setTimer(() => reject(tooLate(milliseconds)), milliseconds);
  });
  try {
    return await Promise.race([ask(), late]);
  } finally {
    cancel();
  }
}

export interface TimeoutSettings {
  /** Milliseconds. */
  readonly timeout: number;
  readonly setTimer?: SetTimer;
}

/**
 * A lookup cannot be ended, only waited for no longer. While it goes on, further questions about the same user fail at once and start no
 * other: a user holds one thread, however often he is asked for. For a caller that asks for a user once at a time.
 */
export function withTimeout(source: IdentitySource, { timeout, setTimer }: TimeoutSettings): IdentitySource {
  const running = new Set<string>();
  const ask = async (username: string): Promise<Identity | undefined> => {
    running.add(username);
    try {
      return await source.find(username);
    } finally {
      running.delete(username);
    }
  };
  return {
    async find(username) {
      if (running.has(username)) throw tooLate(timeout);
      return within(timeout, () => ask(username), setTimer);
    },
  };
}

function tooLate(milliseconds: number): UnavailableError {
  return new UnavailableError('ERR_NSS_TIMEOUT', `the user database did not answer in ${milliseconds / 1000} s`);
}

function startTimer(callback: () => void, milliseconds: number): () => void {
  const timer = setTimeout(callback, milliseconds);
  return () => clearTimeout(timer);
}
