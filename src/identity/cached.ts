/** A short memory in front of an identity source; used in the front, where kube-apiserver's reviews arrive in bursts. */
import { LRUCache } from 'lru-cache';
import type { Logger } from '../log/logger.js';
import type { Identity, IdentitySource } from './identity.js';

const MAX_GROUP_NAMES = 200_000;

export interface IdentityCacheSettings {
  /** Milliseconds an answer serves without asking again; 0: every answer is fresh, simultaneous questions still share one. */
  readonly ttl: number;
  /** Milliseconds since it was found that an answer may serve while the source fails; 0: never. */
  readonly staleFor: number;
  /** Default 10,000. */
  readonly maxEntries?: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Logger;
}

interface Found {
  readonly identity: Identity;
  readonly foundAt: number;
}

/** Keeps found identities; never misses, never failures. */
export function cacheIdentities(source: IdentitySource, settings: IdentityCacheSettings): IdentitySource {
  const { ttl, staleFor, maxEntries = 10_000, now, log } = settings;
  const known = new LRUCache<string, Found>({
    max: maxEntries,
    maxSize: MAX_GROUP_NAMES,
    sizeCalculation: ({ identity }) => 1 + identity.groups.length,
  });
  const inFlight = new Map<string, Promise<Identity | undefined>>();

  const ageOf = (found: Found): number => {
    const age = now() - found.foundAt;
    return age < 0 ? Number.POSITIVE_INFINITY : age; // the clock was set back: nothing is known of its age
  };

  let failing = false;
  const noteFailure = (error: unknown): void => {
    if (!failing) log.warn('the user database fails; recent answers serve where there are any', { error });
    failing = true;
  };
  const noteAnswer = (): void => {
    if (failing) log.info('the user database answers again');
    failing = false;
  };

  // Dated by when the question was put: the answer may be as old as that. One lookup a user is under way at any time,
  // so none can overwrite what a later one found.
  const ask = async (username: string): Promise<Identity | undefined> => {
    const askedAt = now();
    try {
      const identity = await source.find(username);
      noteAnswer();
      if (identity === undefined) known.delete(username);
      else known.set(username, { identity, foundAt: askedAt });
      return identity;
    } catch (error) {
      noteFailure(error);
      const found = known.get(username);
      if (found === undefined || ageOf(found) >= staleFor) throw error;
      return found.identity;
    }
  };

  return {
    find(username) {
      const found = known.get(username);
      if (found !== undefined && ageOf(found) < ttl) return Promise.resolve(found.identity);
      const asked = inFlight.get(username);
      if (asked !== undefined) return asked;
      const asking = ask(username).finally(() => inFlight.delete(username));
      inFlight.set(username, asking);
      return asking;
    },
  };
}
