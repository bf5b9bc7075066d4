/** A short memory in front of an identity source; used in the front, where kube-apiserver's reviews arrive in bursts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { Logger } from '../log/logger.js';
import { createFailureLog } from './failure-log.js';
import type { Identity, IdentitySource } from './identity.js';

const MAX_GROUP_NAMES = 200_000;
/** Milliseconds until somebody who was found a moment ago, and is not now, is asked for again. */
export const SECOND_LOOK = 500;

/** From the memory, with a question under way, by a question, from the memory because the source failed, or not at all. */
export type Served = 'hit' | 'shared' | 'miss' | 'stale' | 'failed';

/** Somebody known a moment ago was not found: what the second look saw. */
export interface Vanished {
  readonly username: string;
  readonly again: 'found' | 'not found' | 'failed';
}

export interface IdentityCacheSettings {
  /** Milliseconds an answer serves without asking again; 0: every answer is fresh, simultaneous questions still share one. */
  readonly ttl: number;
  /** Milliseconds since it was found that an answer may serve while the source fails; 0: never. */
  readonly staleFor: number;
  /** Default 16,384. */
  readonly maxEntries?: number;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
  readonly pause?: (milliseconds: number) => Promise<unknown>;
  readonly onVanished: (seen: Vanished) => void;
  /** Once for each that is asked for: how it was served. */
  readonly onServed?: (how: Served) => void;
  readonly log: Logger;
}

interface Found {
  readonly identity: Identity;
  readonly foundAt: number;
}

/** Keeps found identities; never misses, never failures. */
export function cacheIdentities(
  source: IdentitySource,
  settings: IdentityCacheSettings,
): IdentitySource & { size(): number } {
  const { ttl, staleFor, now, onServed = () => {} } = settings;
  const known = createMemory(settings);
  const inFlight = new Map<string, Promise<Identity | undefined>>();
  const failures = createFailureLog(settings.log, now);

  const knownFor = (username: string, age: number): Identity | undefined => {
    const found = known.get(username);
    if (found === undefined) return undefined;
    const since = now() - found.foundAt;
    // A negative age: the clock was set back, and nothing is known of it.
    return since >= 0 && since < age ? found.identity : undefined;
  };

  // The same object as long as it says the same: what was made of it need not be made again.
  const keep = (username: string, found: Identity, foundAt: number): Identity => {
    const before = known.peek(username)?.identity;
    const identity = before !== undefined && isDeepStrictEqual(before, found) ? before : found;
    known.set(username, { identity, foundAt });
    return identity;
  };

  // Dated by when the question was put: the answer may be as old as that. One lookup a user is under way at any time,
  // so none can overwrite what a later one found.
  const ask = async (username: string): Promise<Identity | undefined> => {
    const foundAt = now();
    try {
      const identity = await lookTwice(username, source, () => knownFor(username, staleFor), settings);
      failures.answered();
      onServed('miss');
      const recent = knownFor(username, staleFor);
      if (identity !== undefined && recent !== undefined && isLess(identity, recent)) return recent;
      if (identity !== undefined) return keep(username, identity, foundAt);
      known.delete(username);
      return undefined;
    } catch (error) {
      failures.failed(error);
      const recent = knownFor(username, staleFor);
      onServed(recent === undefined ? 'failed' : 'stale');
      if (recent === undefined) throw error;
      return recent;
    }
  };

  return {
    size: () => known.size,
    find(username) {
      const fresh = knownFor(username, ttl);
      if (fresh !== undefined) {
        onServed('hit');
        return Promise.resolve(fresh);
      }
      const asked = inFlight.get(username);
      if (asked !== undefined) {
        onServed('shared');
        return asked;
      }
      const asking = ask(username).finally(() => inFlight.delete(username));
      inFlight.set(username, asking);
      return asking;
    },
  };
}

function createMemory({ maxEntries = 16_384 }: IdentityCacheSettings): LRUCache<string, Found> {
  return new LRUCache({
    max: maxEntries,
    maxSize: MAX_GROUP_NAMES,
    sizeCalculation: ({ identity }: Found) => 1 + identity.groups.length,
  });
}

/** "No such user" can mean that the directory is down: of somebody known a moment ago it is believed the second time. */
async function lookTwice(
  username: string,
  source: IdentitySource,
  recent: () => Identity | undefined,
  { pause = sleep, onVanished }: IdentityCacheSettings,
): Promise<Identity | undefined> {
  const identity = await source.find(username);
  if (identity !== undefined || recent() === undefined) return identity;
  await pause(SECOND_LOOK);
  try {
    const again = await source.find(username);
    onVanished({ username, again: again === undefined ? 'not found' : 'found' });
    return again;
  } catch (error) {
    onVanished({ username, again: 'failed' });
    throw error;
  }
}

/** Of the same account, but without the groups of a service that could not be asked. */
function isLess(identity: Identity, recent: Identity): boolean {
  return identity.incomplete === true && recent.incomplete !== true && identity.uid === recent.uid;
}
