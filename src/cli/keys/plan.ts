/** Which step of a rotation is due, judged from times alone; asked by `pamhook keys`. */
import { LEEWAY } from '../../token/claims.js';
import type { KeyRecord, KeyTimes } from './key-record.js';

/** Milliseconds. */
export interface RotationTimes {
  /** How long daemons may take to see a changed file. */
  readonly publishFor: number;
  /** Of a token: at least the daemons' token-expires-in. */
  readonly maxLifetime: number;
  /** How long a key signs before another follows it. */
  readonly every: number;
}

export interface Rotation {
  readonly signing: string;
  /** Kids that are to sign, in any order. */
  readonly next: readonly string[];
  /** A time for every key. */
  readonly record: KeyRecord;
  /** Whether daemons may be given one more key. */
  readonly hasRoom: boolean;
}

export type Step =
  | { readonly step: 'publish'; readonly at: number }
  | { readonly step: 'promote' | 'retire'; readonly kid: string; readonly at: number };

/** All steps that are still to come, the earliest first; `at` may lie in the past. Milliseconds since the epoch. */
export function stepsToCome(rotation: Rotation, times: RotationTimes): readonly Step[] {
  const steps = [...retirements(rotation, times), ...promotions(rotation, times), ...publications(rotation, times)];
  return steps.sort((one, other) => one.at - other.at);
}

/** When the last token that a key signed has ended, wherever it was signed. */
export function retirementOf({ retiredAt }: KeyTimes, { publishFor, maxLifetime }: RotationTimes): number | undefined {
  // A daemon may go on signing with it until it sees the new one.
  return retiredAt === undefined ? undefined : retiredAt + publishFor + maxLifetime + LEEWAY * 1000;
}

/** Of one of the keys that wait. Both must have been seen everywhere: the new one signs then, and the old one only verifies. */
export function promotionOf(kid: string, { signing, record }: Rotation, { publishFor }: RotationTimes): number {
  const published = [kid, signing].map((each) => record.get(each)?.publishedAt ?? Number.POSITIVE_INFINITY);
  return Math.max(...published) + publishFor;
}

function retirements({ record }: Rotation, times: RotationTimes): Step[] {
  return [...record].flatMap(([kid, known]) => {
    const at = retirementOf(known, times);
    return at === undefined ? [] : [{ step: 'retire', kid, at }];
  });
}

/** One at a time: the others have their turn when it has signed. */
function promotions(rotation: Rotation, times: RotationTimes): Step[] {
  const waiting = rotation.next.map((kid) => ({
    step: 'promote' as const,
    kid,
    at: promotionOf(kid, rotation, times),
  }));
  return waiting.sort((one, other) => one.at - other.at).slice(0, 1);
}

function publications({ signing, next, record, hasRoom }: Rotation, { every }: RotationTimes): Step[] {
  if (next.length > 0 || !hasRoom) return [];
  const since = record.get(signing)?.signsSince;
  return [{ step: 'publish', at: since === undefined ? Number.NEGATIVE_INFINITY : since + every }];
}
