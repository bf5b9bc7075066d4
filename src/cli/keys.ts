/** `pamhook keys`: keys that turn, step by step, in a directory that daemons read. */
import type { CommandIo } from './command.js';
import { KEYS_USAGE, type KeysArguments, parseKeysArguments } from './keys/arguments.js';
import { listKeys } from './keys/list.js';
import { listingJson, listingText, reportJson, reportText } from './keys/report.js';
import { replaceAll, rotate } from './keys/rotate.js';

const RESTART =
  'restart every daemon now: one that runs verifies with the key it signed with until its last token has ended\n';

/** Resolves to 0. `now`: milliseconds since the epoch. Throws ConfigurationError, Error when another is at work, and Node's errors. */
export async function runKeys(argv: readonly string[], io: CommandIo, now: () => number = Date.now): Promise<number> {
  const keys = parseKeysArguments(argv);
  if (keys === undefined) io.stdout.write(KEYS_USAGE);
  else io.stdout.write(await (keys.action === 'list' ? list(keys, now()) : turn(keys, now)));
  return 0;
}

async function turn(keys: KeysArguments, now: () => number): Promise<string> {
  const options = { ...keys, now, uid: process.getuid?.() ?? 0 };
  const report = await (keys.emergency ? replaceAll(options) : rotate(options));
  if (keys.output === 'json') return reportJson(report);
  return `${reportText(report, now())}${keys.emergency ? RESTART : ''}`;
}

async function list(keys: KeysArguments, now: number): Promise<string> {
  const listing = await listKeys(keys.dir, keys, now);
  return keys.output === 'json' ? listingJson(listing) : listingText(listing, now);
}
