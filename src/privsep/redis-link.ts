/** Keeps a connection to Redis: connects again with growing pauses, and looks every second whether it still answers; in the process that speaks to Redis. */
import { isDeepStrictEqual } from 'node:util';
import { type BackOff, createBackOff } from './back-off.js';
import { probe, type Script } from './count-scripts.js';
import type { ConnectionOptions, RedisConnection } from './redis-connection.js';
import { reasonOf } from './redis-fault.js';

/** Milliseconds between two looks. */
const PROBE_INTERVAL = 1_000;

/** Milliseconds before another reason is told, while there is no connection. */
const REASON_INTERVAL = 60_000;

/** Milliseconds that connecting may take: nobody waits for it. */
export const CONNECT_TIMEOUT = 5_000;

export type LinkState = { readonly state: 'shared' } | { readonly state: 'alone'; readonly reason: string };

export interface LinkOptions {
  connect(options: Pick<ConnectionOptions, 'connectTimeout' | 'onFault'>): Promise<RedisConnection>;
  readonly probeKey: string;
  /** Each time that it has changed, and once at the start; of a reason that changes, after a minute. */
  onState(state: LinkState): void;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

export interface RedisLink {
  /** Rejects at once while there is no connection: nothing is kept for later. */
  run(script: Script, keys: readonly string[], values: readonly string[]): Promise<number>;
  stop(): void;
}

export function openRedisLink({ connect, probeKey, onState, now }: LinkOptions): RedisLink {
  const backOff: BackOff = createBackOff();
  let connection: RedisConnection | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let said: { readonly state: LinkState; readonly at: number } | undefined;

  function say(state: LinkState): void {
    if (stopped || isDeepStrictEqual(state, said?.state)) return;
    // One outage is one line, though it is a lost connection first and then a refused one.
    if (state.state === 'alone' && said?.state.state === 'alone' && now() - said.at < REASON_INTERVAL) return;
    said = { state, at: now() };
    onState(state);
  }

  async function start(): Promise<void> {
    backOff.started(now());
    let isOver = false;
    const onFault = (fault: unknown) => {
      isOver = true;
      over(fault);
    };
    try {
      const fresh = await connect({ connectTimeout: CONNECT_TIMEOUT, onFault });
      // A fault of the probe is one of the connection, which tells of it itself.
      const works = await fresh.run(probe, [probeKey], []).then(
        () => true,
        () => false,
      );
      if (stopped) fresh.close();
      // The answer and what was wrong behind it may have come together.
      else if (works && !isOver) use(fresh);
    } catch (fault) {
      over(fault);
    }
  }

  function use(fresh: RedisConnection): void {
    connection = fresh;
    say({ state: 'shared' });
    timer = setInterval(() => void fresh.run(probe, [probeKey], []).catch(() => {}), PROBE_INTERVAL);
  }

  function over(fault: unknown): void {
    connection = undefined;
    clearInterval(timer);
    if (stopped) return;
    say({ state: 'alone', reason: reasonOf(fault) });
    timer = setTimeout(() => void start(), backOff.delayAfterDeath(now()));
  }

  void start();
  return {
    run(script, keys, values) {
      if (connection === undefined) return Promise.reject(new Error('Redis is away'));
      return connection.run(script, keys, values);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      connection?.close();
    },
  };
}
