/** The keys in use while they turn: published for verification before they sign, kept until their last token ends. Runs in the supervisor. */
import { ConfigurationError } from '../errors.js';
import type { FrontKeeper } from './front-keeper.js';
import { type KeyFrame, MAX_KEYS_IN_USE } from './protocol.js';
import type { WorkerPool } from './worker-pool.js';

export interface KeySet {
  readonly signing: KeyFrame;
  /** The verifying half of `signing`. */
  readonly verification: KeyFrame;
  /** Others that verify. */
  readonly others: readonly KeyFrame[];
}

export interface LiveKeysOptions {
  readonly keeper: Pick<FrontKeeper, 'changeVerificationKeys'>;
  readonly pool: Pick<WorkerPool, 'changeSigningKey'>;
  /** The keys the processes were started with. */
  readonly initial: KeySet;
  /** Milliseconds for which a key that signs no more may still verify: as long as its last token, and the login that made it, can last. */
  readonly keepFor: number;
  /** Called when other keys are in use, with the ids of all that verify, the signing one first. */
  readonly onChange: (kids: readonly string[]) => void;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

export interface LiveKeys {
  /** Puts other keys into use; the same ones change nothing. Rejects with ConfigurationError when they are too many; then nothing changes. */
  change(keys: KeySet): Promise<void>;
  /** Takes away the keys whose last token has ended; to be called every now and then. */
  sweep(): void;
}

export function createLiveKeys({ keeper, pool, initial, keepFor, onChange, now }: LiveKeysOptions): LiveKeys {
  let former: readonly { readonly key: KeyFrame; readonly until: number }[] = [];
  let current = initial;

  function verifying({ verification, others }: KeySet, more: readonly KeyFrame[] = []): KeyFrame[] {
    const all = [verification, ...others, ...more, ...former.map(({ key }) => key)];
    return [...new Map(all.map((key) => [key.kid, key])).values()];
  }

  return {
    async change(keys) {
      if (sameKeys(keys, current)) return;
      const before = current.verification;
      const wanted = verifying(keys, [before]);
      checkCount(wanted);
      await keeper.changeVerificationKeys(wanted);
      if (before.kid !== keys.verification.kid) {
        former = [...former.filter(({ key }) => key.kid !== before.kid), { key: before, until: now() + keepFor }];
      }
      current = keys;
      pool.changeSigningKey(keys.signing);
      onChange(wanted.map(({ kid }) => kid));
    },
    sweep() {
      const kept = former.filter(({ until }) => now() < until);
      if (kept.length === former.length) return;
      former = kept;
      const wanted = verifying(current);
      onChange(wanted.map(({ kid }) => kid));
      void keeper.changeVerificationKeys(wanted);
    },
  };
}

/** A kid tells a key. */
function sameKeys(left: KeySet, right: KeySet): boolean {
  const kids = ({ verification, others }: KeySet) => [verification, ...others].map(({ kid }) => kid).join();
  return kids(left) === kids(right);
}

function checkCount(verificationKeys: readonly KeyFrame[]): void {
  if (verificationKeys.length <= MAX_KEYS_IN_USE) return;
  throw new ConfigurationError(
    `verification-key-files: more than ${MAX_KEYS_IN_USE} keys, with those whose tokens still live`,
    'take keys away whose tokens have ended',
  );
}
