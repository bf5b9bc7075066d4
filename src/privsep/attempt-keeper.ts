/** Counts attempts in Redis as the supervisor asks; holds nothing of them itself. In the process that speaks to Redis. */
import { rulePart, type Script, settle, take } from './count-scripts.js';
import type { FromStore, SettleFrame, StoreConfiguration, TakeFrame } from './protocol.js';
import type { RedisLink } from './redis-link.js';

export interface AttemptKeeper {
  /** Answered once, whatever happens. */
  take(frame: TakeFrame): Promise<void>;
  /** What cannot be given back now is not given back later: it counts until its hour is over. */
  settle(frame: SettleFrame): Promise<void>;
}

export interface AttemptKeeperOptions {
  readonly link: Pick<RedisLink, 'run'>;
  readonly configuration: Pick<StoreConfiguration, 'prefix' | 'replica' | 'rule'>;
  readonly send: (frame: FromStore) => void;
}

export function createAttemptKeeper({ link, configuration, send }: AttemptKeeperOptions): AttemptKeeper {
  const { prefix, replica } = configuration;
  const rule = rulePart(configuration.rule);

  function run(script: Script, { id, account, source }: TakeFrame | SettleFrame, values: readonly string[]) {
    const keys = [`${prefix}${VERSION}:{${source}}:${account}`, `${prefix}${VERSION}:{${source}}`];
    return link.run(script, keys, [`${replica}${id.toString(36)}`, ...values]);
  }

  return {
    async take(frame) {
      const wait = await run(take, frame, rule).catch(() => undefined);
      send({ kind: 'taken', id: frame.id, ...meaningOf(wait) });
    },
    async settle(frame) {
      await run(settle, frame, [frame.outcome]).catch(() => {});
    },
  };
}

/** Of what the keys hold: two versions side by side must not read each other's. */
const VERSION = 1;

export function probeKeyOf({ prefix, replica }: Pick<StoreConfiguration, 'prefix' | 'replica'>): string {
  return `${prefix}${VERSION}:probe:${replica}`;
}

function meaningOf(wait: number | undefined) {
  if (wait === undefined) return { outcome: 'unknown' } as const;
  return wait === 0 ? ({ outcome: 'admitted' } as const) : ({ outcome: 'refused', retryAfter: wait } as const);
}
