/** Keeps the process that speaks to Redis running: starts it, replaces it when it dies, lets it end; runs in the supervisor. */
import { printStoreAddress } from '../config/store-url.js';
import { PamhookError } from '../errors.js';
import type { Logger } from '../log/logger.js';
import { createBackOff } from './back-off.js';
import type { Child } from './child.js';
import type { FromStore, StoreConfiguration, ToStore } from './protocol.js';
import { createStoreClient, type SharedLimits } from './shared-limits.js';

/** A process told to end has so long to give back what ended last. */
const DISMISSAL_LIMIT = 2_000;

const MINUTE = 60_000;

/** Changes of state in a minute: connections that break as soon as they are made make some forty. */
const MOST_STATES = 100;

export type StartStore = (events: { onFrame(frame: FromStore): void; onExit(how: string): void }) => Child<ToStore>;

export interface StoreKeeperOptions {
  readonly startStore: StartStore;
  readonly configuration: StoreConfiguration;
  /** Milliseconds that a login may wait for it. */
  readonly timeout: number;
  readonly log: Logger;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

export interface StoreKeeper extends SharedLimits {
  start(): void;
  /** Another password or CA: another process begins with it. */
  change(files: Pick<StoreConfiguration, 'password' | 'ca'>): void;
  /** Resolves when the process is gone. */
  stop(): Promise<void>;
}

export function createStoreKeeper({ startStore, timeout, log, now, ...options }: StoreKeeperOptions): StoreKeeper {
  let { configuration } = options;
  const backOff = createBackOff();
  let store: Child<ToStore> | undefined;
  let restart: NodeJS.Timeout | undefined;
  let dismissal: NodeJS.Timeout | undefined;
  let onceGone: (() => void) | undefined;
  let stopping = false;
  const client = createStoreClient({
    send: (frame) => store?.send(frame),
    timeout,
    store: printStoreAddress(configuration.address),
    log,
  });

  function launch(): void {
    backOff.started(now());
    const watch = createFrameWatch(now);
    const started = startStore({ onFrame: (frame) => receive(started, watch, frame), onExit: gone });
    store = started;
    started.send(configuration);
  }

  function receive(from: Child<ToStore>, watch: (frame: FromStore) => void, frame: FromStore): void {
    try {
      watch(frame);
      if (frame.kind === 'taken' || frame.kind === 'state') client.receive(frame);
    } catch (fault) {
      if (!(fault instanceof PamhookError)) throw fault;
      log.error('the process for limits-store broke the protocol and is killed', { pid: from.pid, fault });
      from.kill();
    }
  }

  function gone(how: string): void {
    const isExpected = dismissal !== undefined;
    clearTimeout(dismissal);
    dismissal = undefined;
    store = undefined;
    client.gone(isExpected ? undefined : how);
    if (stopping) onceGone?.();
    else if (isExpected) launch();
    else {
      const delay = backOff.delayAfterDeath(now());
      log.error('the process for limits-store died', { how, restartIn: delay });
      restart = setTimeout(launch, delay);
    }
  }

  function dismiss(): void {
    const leaving = store;
    if (leaving === undefined || dismissal !== undefined) return;
    dismissal = setTimeout(() => leaving.kill(), DISMISSAL_LIMIT);
    leaving.dismiss();
  }

  return {
    take: client.take,
    start: launch,
    change(files) {
      configuration = { ...configuration, ...files };
      dismiss();
    },
    async stop() {
      stopping = true;
      clearTimeout(restart);
      if (store === undefined) return;
      dismiss();
      await new Promise<void>((resolve) => {
        onceGone = resolve;
      });
    },
  };
}

/** Throws ERR_PROTOCOL for a process that is ready twice, or tells of more changes than there can be: each is a line in the log. */
function createFrameWatch(now: () => number): (frame: FromStore) => void {
  let isReady = false;
  let states = 0;
  let since = now();
  return ({ kind }) => {
    if (kind === 'ready' && isReady) throw new PamhookError('ERR_PROTOCOL', 'a process was ready twice');
    if (kind === 'ready') isReady = true;
    if (kind !== 'state') return;
    if (now() - since > MINUTE) [since, states] = [now(), 0];
    states += 1;
    if (states > MOST_STATES) throw new PamhookError('ERR_PROTOCOL', 'too many changes of state');
  };
}
