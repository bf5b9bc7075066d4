/** Counts users that were known a moment ago and are not found, and sends the counts to the supervisor for the audit log; runs in the front. */
import type { Vanished } from '../identity/cached.js';
import { createRefusalCounter } from '../log/refusal-counter.js';
import { type FromFront, MAX_VANISHED_ENTRIES } from './protocol.js';

export interface VanishedCounter {
  count(seen: Vanished): void;
  /** Sends what was counted so far. */
  stop(): void;
}

/** A directory that forgets all of its users makes a few frames every ten seconds; beyond some thousand users they are `other`. */
export function countVanished(send: (frame: FromFront) => void): VanishedCounter {
  const counter = createRefusalCounter({
    flush(counted) {
      const entries = counted.map(({ reason, source, count }) => ({ again: againOf(reason), user: source, count }));
      for (let from = 0; from < entries.length; from += MAX_VANISHED_ENTRIES) {
        send({ kind: 'vanished', entries: entries.slice(from, from + MAX_VANISHED_ENTRIES) });
      }
    },
  });
  return { count: ({ username, again }) => counter.count(again, username), stop: counter.stop };
}

function againOf(reason: string): Vanished['again'] {
  return reason === 'found' || reason === 'not found' ? reason : 'failed';
}
