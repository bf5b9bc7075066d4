/** The command line of `pamhook keys`, parsed and checked. */
import { resolve } from 'node:path';
import { ConfigurationError } from '../../errors.js';
import { type KeyShape, keyShapes } from '../../keys/new-key.js';
import { parseChoice, parseDurationFlag, parseFlags } from '../flags.js';
import type { RotationTimes } from './plan.js';

export interface KeysArguments extends RotationTimes {
  readonly action: 'rotate' | 'list';
  /** Absolute. */
  readonly dir: string;
  readonly shape: KeyShape | undefined;
  readonly emergency: boolean;
  readonly output: 'text' | 'json';
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const KEYS_USAGE = `Usage: pamhook keys rotate --dir D [flags]
       pamhook keys list --dir D [flags]

D is a directory with a signing-key.pem, as \`pamhook init\` makes it, that daemons are pointed at:

  -signing-key-file D/signing-key.pem -verification-key-files D/verification

rotate does every step that is due, and says what it did and when to call it again. Called earlier
it changes nothing, so that cron may call it at any interval. A rotation has three steps:

  publish   a new key is made, for daemons to verify with; none signs with it yet
  promote   --publish-for later it becomes signing-key.pem; the old key only verifies
  retire    when the last token of the old key has ended, that is --publish-for, --max-lifetime and
            30s later, the old key is removed

list shows the keys and what each of them does, and changes nothing.

  --dir D                  the directory
  --publish-for DURATION   how long a daemon may take to use a changed file; a Secret that
                           Kubernetes mounts takes up to 2 minutes. Default: 5m
  --max-lifetime DURATION  the longest life of a token, which must not be less than what any of the
                           daemons has for -max-lifetime (-token-expires-in where it has none).
                           Default: 24h
  --every DURATION         how long a key signs before the next rotation begins; 0: none waits for
                           its turn. Default: 720h
  --type ec|rsa|hmac       what new keys are: EC P-256, RSA of 3072 bits, an HMAC secret. Default:
                           what the key that signs is
  --emergency              a key has leaked: a fresh one signs at once and all others are removed.
                           Restart the daemons then, and every token that was issued ends
  --output text|json       how the result is printed. Default: text
  --help                   prints this

Durations are written as in Go: 90s, 5m, 24h.

Example: pamhook keys rotate --dir /etc/pamhook --max-lifetime 1h
`;

/** undefined: help was asked for. Throws ConfigurationError. */
export function parseKeysArguments([action, ...argv]: readonly string[]): KeysArguments | undefined {
  const isAction = action === 'rotate' || action === 'list';
  const {
    help,
    dir,
    type,
    emergency = false,
    ...values
  } = parseKeysFlags(isAction || !action ? argv : [action, ...argv]);
  if (help === true) return undefined;
  if (!isAction) throw new ConfigurationError('keys needs rotate or list', 'try: pamhook keys --help');
  if (!dir) throw new ConfigurationError(`keys ${action} needs --dir`, 'try: pamhook keys --help');
  if (action === 'list' && (emergency || type !== undefined)) {
    throw new ConfigurationError(`keys list changes nothing, and takes no --${emergency ? 'emergency' : 'type'}`);
  }
  return {
    action,
    dir: resolve(dir),
    publishFor: parseDurationFlag('publish-for', values['publish-for'] ?? '5m', SECOND, DAY),
    maxLifetime: parseDurationFlag('max-lifetime', values['max-lifetime'] ?? '24h', MINUTE, 365 * DAY),
    every: parseDurationFlag('every', values.every ?? '720h', 0, 3650 * DAY),
    shape: type === undefined ? undefined : keyShapes[parseChoice('type', type, ['ec', 'rsa', 'hmac'])],
    emergency,
    output: parseChoice('output', values.output ?? 'text', ['text', 'json']),
  };
}

function parseKeysFlags(argv: readonly string[]) {
  return parseFlags('keys', argv, {
    dir: { type: 'string' },
    'publish-for': { type: 'string' },
    'max-lifetime': { type: 'string' },
    every: { type: 'string' },
    type: { type: 'string' },
    emergency: { type: 'boolean' },
    output: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  });
}
