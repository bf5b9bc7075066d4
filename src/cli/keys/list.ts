/** What `pamhook keys list` tells of a directory, which it only reads. */
import { relative } from 'node:path';
import type { Algorithm } from '../../keys/keys.js';
import { type KeyFile, readKeyDirectory } from './key-directory.js';
import { readRecord, settledRecord } from './key-record.js';
import { type RotationTimes, type Step, stepsToCome } from './plan.js';
import { type Known, rotationOf } from './rotate.js';

export interface ListedKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  readonly does: 'signs' | 'waits' | 'verifies';
  /** Whether daemons can verify with it. */
  readonly published: boolean;
  /** Milliseconds since the epoch; undefined: not known. */
  readonly since: number | undefined;
  /** The next that happens to it, or for the key that signs, because of it. */
  readonly next: Step | undefined;
  /** Relative to the directory. */
  readonly file: string;
}

export interface Listing {
  readonly keys: readonly ListedKey[];
  /** Relative to the directory: files that daemons verify with and this command leaves alone. */
  readonly foreign: readonly string[];
}

/** The key that signs first, then those that wait, then those that only verify. Throws ConfigurationError. */
export async function listKeys(dir: string, times: RotationTimes, now: number): Promise<Listing> {
  const known = await look(dir, now);
  const { signing, next, verification, foreign } = known.directory;
  const steps = stepsToCome(rotationOf(known), times);
  const own = new Set([signing, ...next].map(({ kid }) => kid));
  const listed = (does: ListedKey['does'], key: KeyFile): ListedKey => ({
    kid: key.kid,
    algorithm: key.algorithm,
    does,
    published: verification.has(key.kid),
    since: sinceOf(does, key.kid, known),
    next: steps.find((step) => (step.step === 'publish' ? does === 'signs' : step.kid === key.kid)),
    file: relative(dir, key.path),
  });
  const old = [...verification.values()].filter(({ kid }) => !own.has(kid));
  return {
    keys: [
      listed('signs', signing),
      ...next.map((key) => listed('waits', key)),
      ...old.map((key) => listed('verifies', key)),
    ],
    foreign: foreign.map((path) => relative(dir, path)),
  };
}

/** As rotate() would find it, with nothing written. */
async function look(dir: string, now: number): Promise<Known> {
  const directory = await readKeyDirectory(dir);
  const unpublished = [directory.signing, ...directory.next].filter(({ kid }) => !directory.verification.has(kid));
  const record = (await readRecord(dir)) ?? new Map();
  return { directory, record: settledRecord(record, directory, new Set(unpublished.map(({ kid }) => kid)), now) };
}

function sinceOf(does: ListedKey['does'], kid: string, { record }: Known): number | undefined {
  const { publishedAt, signsSince, retiredAt } = record.get(kid) ?? {};
  if (does === 'signs') return signsSince;
  return does === 'waits' ? publishedAt : retiredAt;
}
