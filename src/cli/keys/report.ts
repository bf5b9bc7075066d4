/** What `pamhook keys` prints, as text and as JSON. */
import { formatDuration } from '../../config/duration.js';
import { MAX_VERIFICATION_KEYS } from '../../privsep/protocol.js';
import type { ListedKey, Listing } from './list.js';
import type { Step } from './plan.js';
import type { Done, Report } from './rotate.js';

const MEANING: Readonly<Record<Done['what'], string>> = {
  adopted: 'was not published for verification, and is now',
  published: 'daemons verify with it, and none signs with it yet',
  promoted: 'signs from now on',
  retired: 'its last token has ended, and it is removed',
  dropped: 'is removed',
};
const HEADING = ['KID', 'ALGORITHM', 'DOES', 'SINCE', 'NEXT STEP', 'FILE'];

/** `now`: milliseconds since the epoch. */
export function reportText({ done, toCome, isFull, foreign }: Report, now: number): string {
  const lines = done.map(({ what, kid, algorithm }) => `${what} ${kid} (${algorithm}): ${MEANING[what]}`);
  if (done.length === 0) lines.push('nothing was due');
  for (const path of foreign) lines.push(`left alone ${path}: not named as pamhook keys names keys`);
  if (isFull) lines.push(`no new key: a daemon takes ${MAX_VERIFICATION_KEYS} at most, and there are as many`);
  const [next] = toCome;
  if (next !== undefined)
    lines.push(`call again at ${timeText(next.at)} (in ${remaining(next.at - now)}) to ${aim(next)}`);
  return `${lines.join('\n')}\n`;
}

export function reportJson({ done, toCome, isFull, foreign }: Report): string {
  return `${JSON.stringify({ done, toCome: toCome.map(jsonStep), isFull, foreign }, null, 2)}\n`;
}

/** `now`: milliseconds since the epoch. */
export function listingText({ keys, foreign }: Listing, now: number): string {
  const rows = keys.map((key) => [
    key.kid,
    key.algorithm,
    key.published ? key.does : `${key.does}, not published`,
    key.since === undefined ? 'unknown' : timeText(key.since),
    key.next === undefined ? '-' : `${key.next.step} ${key.next.at <= now ? 'is due' : timeText(key.next.at)}`,
    key.file,
  ]);
  const table = [HEADING, ...rows, ...foreign.map((file) => ['-', '-', 'not ours', '-', '-', file])];
  const widths = HEADING.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

export function listingJson({ keys, foreign }: Listing): string {
  return `${JSON.stringify({ keys: keys.map(jsonKey), foreign }, null, 2)}\n`;
}

function aim(step: Step): string {
  return step.step === 'publish' ? 'publish the next key' : `${step.step} ${step.kid}`;
}

/** Up to the next second: called then, the step is due. */
function timeText(time: number): string {
  return new Date(Math.ceil(time / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

function remaining(milliseconds: number): string {
  return formatDuration(Math.ceil(milliseconds / 1000) * 1000);
}

/** A step without a time was due all along. */
function jsonStep(step: Step) {
  return Number.isFinite(step.at) ? { ...step, at: timeText(step.at) } : { ...step, at: undefined };
}

function jsonKey({ since, next, ...key }: ListedKey) {
  return { ...key, since: since === undefined ? undefined : timeText(since), next: next && jsonStep(next) };
}
