/** The steps of a rotation, as files: a key is published, then it signs, then it only verifies, then it is gone. Run by `pamhook keys`. */
import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ConfigurationError } from '../../errors.js';
import { parseSigningKey, type VerificationMaterial } from '../../keys/key-material.js';
import type { Algorithm } from '../../keys/keys.js';
import { type KeyShape, keyShapeOf, makeKey, verificationKeyContents } from '../../keys/new-key.js';
import { MAX_VERIFICATION_KEYS } from '../../privsep/protocol.js';
import { type FileContents, syncDirectory, TEMPORARY_NAME, writeNew } from '../whole-file.js';
import {
  type KeyDirectory,
  keyFileName,
  NEXT,
  readKeyDirectory,
  SIGNING_KEY,
  type SigningKeyFile,
  VERIFICATION,
} from './key-directory.js';
import { type KeyRecord, readRecord, settledRecord, writeRecord } from './key-record.js';
import { withLock } from './lock.js';
import { type Rotation, type RotationTimes, type Step, stepsToCome } from './plan.js';

export interface RotateOptions extends RotationTimes {
  readonly dir: string;
  /** undefined: as the key that signs. */
  readonly shape: KeyShape | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The uid of this process. */
  readonly uid: number;
}

export interface Done {
  readonly what: 'adopted' | 'published' | 'promoted' | 'retired' | 'dropped';
  readonly kid: string;
  readonly algorithm: Algorithm;
}

export interface Report {
  readonly done: readonly Done[];
  readonly toCome: readonly Step[];
  /** Daemons take no further key, and no rotation begins until one is gone. */
  readonly isFull: boolean;
  readonly foreign: readonly string[];
}

/** All that is known of a directory at one moment. */
export interface Known {
  readonly directory: KeyDirectory;
  readonly record: KeyRecord;
}

/** Does every step that is due. Throws ConfigurationError, Error when another is at work, and Node's errors. */
export async function rotate(options: RotateOptions): Promise<Report> {
  const { dir, now } = options;
  await checkDirectory(options);
  return withLock(dir, async () => {
    const done: Done[] = [];
    let known = await settle(options, done);
    for (let due = dueStep(known, options); due !== undefined; due = dueStep(known, options)) {
      done.push(await take(due, known, options));
      known = await settle(options, done);
    }
    await syncDirectory(dir);
    const rotation = rotationOf(known);
    const toCome = stepsToCome(rotation, options).filter(({ at }) => at > now());
    return { done, toCome, isFull: !rotation.hasRoom, foreign: known.directory.foreign };
  });
}

/** A fresh key signs at once, and no other key of the directory verifies any more. Throws as rotate() does. */
export async function replaceAll(options: RotateOptions): Promise<Report> {
  const { dir } = options;
  await checkDirectory(options);
  return withLock(dir, async () => {
    const adopted: Done[] = [];
    const known = await settle(options, adopted);
    const { signing, next, verification } = known.directory;
    const published = await publish(known, options);
    const promoted = await promote(published.kid, await settle(options, adopted), options);
    const leaked = [...new Map([...verification.values(), ...next, signing].map((key) => [key.kid, key])).values()];
    await Promise.all(next.map(({ path }) => rm(path, { force: true })));
    await Promise.all([...verification.values()].map(({ path }) => rm(path, { force: true })));
    const { directory, record } = await settle(options, adopted);
    await syncDirectory(dir);
    const dropped = leaked.map(({ kid, algorithm }) => ({ what: 'dropped' as const, kid, algorithm }));
    const toCome = stepsToCome(rotationOf({ directory, record }), options);
    return { done: [promoted, ...dropped], isFull: false, toCome, foreign: directory.foreign };
  });
}

export function rotationOf({ directory, record }: Known): Rotation {
  const { signing, next, verification, foreign } = directory;
  const hasRoom = verification.size + foreign.length < MAX_VERIFICATION_KEYS;
  return { signing: signing.kid, next: next.map(({ kid }) => kid), record, hasRoom };
}

function dueStep(known: Known, options: RotateOptions): Step | undefined {
  const [first] = stepsToCome(rotationOf(known), options);
  return first !== undefined && first.at <= options.now() ? first : undefined;
}

function take(step: Step, known: Known, options: RotateOptions): Promise<Done> {
  if (step.step === 'publish') return publish(known, options);
  return step.step === 'promote' ? promote(step.kid, known, options) : retire(step.kid, known);
}

/** Reads the directory, publishes what signs or is to sign and is not, and brings the record up to date. */
async function settle(options: RotateOptions, done: Done[]): Promise<Known> {
  const { dir, now } = options;
  const found = await readKeyDirectory(dir);
  await prepareDirectories(dir);
  const unpublished = [found.signing, ...found.next].filter(({ kid }) => !found.verification.has(kid));
  for (const key of unpublished) {
    await writeVerification(key.parsed.verification, found, options);
    done.push({ what: 'adopted', kid: key.kid, algorithm: key.algorithm });
  }
  const directory = unpublished.length === 0 ? found : await readKeyDirectory(dir);
  const known = await readRecord(dir);
  const record = settledRecord(known ?? new Map(), directory, new Set(unpublished.map(({ kid }) => kid)), now());
  if (!isDeepStrictEqual(record, known)) await writeRecord(dir, record);
  return { directory, record };
}

/** Before anything is written, the lock included. New files take the owner of the key they follow, which may need root. */
async function checkDirectory({ dir, uid }: RotateOptions): Promise<void> {
  const { path, uid: owner } = (await readKeyDirectory(dir)).signing;
  await readRecord(dir);
  if (uid === 0 || uid === owner) return;
  throw new ConfigurationError(`${path} belongs to uid ${owner}`, 'run as that user, or as root');
}

/** With them goes what an earlier run left behind when it was killed: halves of keys, under hidden names. */
async function prepareDirectories(dir: string): Promise<void> {
  for (const [name, mode] of [
    [NEXT, 0o700],
    [VERIFICATION, 0o755],
  ] as const) {
    const path = join(dir, name);
    if ((await mkdir(path, { mode, recursive: true })) !== undefined) await chmod(path, mode);
    const left = (await readdir(path)).filter((entry) => TEMPORARY_NAME.test(entry));
    await Promise.all(left.map((entry) => rm(join(path, entry), { force: true })));
  }
}

function writeVerification(
  material: VerificationMaterial,
  { signing }: KeyDirectory,
  { dir, uid }: RotateOptions,
): Promise<void> {
  const contents = verificationKeyContents(material);
  const file = material.algorithm === 'HS256' ? likeKey(signing, contents, uid) : { contents, mode: 0o644 };
  return writeNew(join(dir, VERIFICATION, keyFileName(material)), file);
}

/** Whoever reads the key that signs shall read the one that follows it, and nobody else. */
function likeKey({ mode, uid, gid }: SigningKeyFile, contents: Buffer, ownUid: number): FileContents {
  return { contents, mode, ...(ownUid === 0 ? { owner: { uid, gid } } : {}) };
}

/** For verification first: no key that is to sign may be one that daemons cannot know. */
async function publish({ directory }: Known, options: RotateOptions): Promise<Done> {
  const { signing } = directory;
  const contents = await makeKey(options.shape ?? keyShapeOf(signing.parsed.signing));
  const { kid, algorithm, verification } = parseSigningKey(contents, 'the new key');
  await writeVerification(verification, directory, options);
  await writeNew(join(options.dir, NEXT, keyFileName({ kid, algorithm })), likeKey(signing, contents, options.uid));
  return { what: 'published', kid, algorithm };
}

/** By one rename: at no moment is there none that signs. The half of the old key that signed ends with it. */
async function promote(kid: string, { directory, record }: Known, { dir, now }: RotateOptions): Promise<Done> {
  const key = directory.next.find((each) => each.kid === kid);
  if (key === undefined) throw new Error(`the key ${kid} went away`);
  await rename(key.path, join(dir, SIGNING_KEY));
  await writeRecord(dir, new Map([...record, [kid, { ...record.get(kid), signsSince: now() }]]));
  return { what: 'promoted', kid, algorithm: key.algorithm };
}

async function retire(kid: string, { directory }: Known): Promise<Done> {
  const key = directory.verification.get(kid);
  if (key === undefined) throw new Error(`the key ${kid} went away`);
  await rm(key.path);
  return { what: 'retired', kid, algorithm: key.algorithm };
}
