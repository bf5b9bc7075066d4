/** Whether PAM's account phase lets an account be used now: the question a review may ask, and a short memory of its answers; held by the front. */
import { LRUCache } from 'lru-cache';

/** Most accounts whose answer is kept. */
export const MAX_ACCOUNTS = 10_000;

/** `username` is a `pw_name`. Rejects with UnavailableError when PAM could not tell: that is never a "no". */
export type AccountAllowed = (username: string) => Promise<boolean>;

export interface AccountMemory {
  /** Milliseconds for which an answer serves, counted from its question. */
  readonly ttl: number;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

/** Keeps answers, both yes and no; never failures. Simultaneous questions about one account are one. */
export function rememberAccounts(ask: AccountAllowed, { ttl, now }: AccountMemory): AccountAllowed {
  const known = new LRUCache<string, { readonly allowed: boolean; readonly askedAt: number }>({ max: MAX_ACCOUNTS });
  const inFlight = new Map<string, Promise<boolean>>();

  const askNow = async (username: string): Promise<boolean> => {
    const askedAt = now();
    const allowed = await ask(username);
    known.set(username, { allowed, askedAt });
    return allowed;
  };

  return (username) => {
    const answer = known.get(username);
    if (answer !== undefined && now() - answer.askedAt < ttl) return Promise.resolve(answer.allowed);
    const asked = inFlight.get(username);
    if (asked !== undefined) return asked;
    const asking = askNow(username).finally(() => inFlight.delete(username));
    inFlight.set(username, asking);
    return asking;
  };
}
