/** Keeps the process that speaks to Redis running: starts it, replaces it when it dies, lets it end; runs in the supervisor. */
import { printStoreAddress } from '../config/store-url.js';
import { PamhookError } from '../errors.js';
import type { Logger } from '../log/logger.js';
import type { Child } from './child.js';
import { keepProcess } from './kept-process.js';
import type { FromStore, StoreConfiguration, ToStore } from './protocol.js';
import { createStoreClient, type SharedLimits } from './shared-limits.js';

const MINUTE = 60_000;

/** Changes of state in a minute: connections that break as soon as they are made make some forty. */
const MOST_STATES = 100;

export type StartStore = (events: { onFrame(frame: FromStore): void; onExit(how: string): void }) => Child<ToStore>;

export interface StoreKeeperOptions {
  readonly startStore: StartStore;
  readonly configuration: StoreConfiguration;
  /** Milliseconds that a login may wait for it. */
  readonly timeout: number;
  /** Whether counts are shared from now on. */
  readonly onShared?: (isShared: boolean) => void;
  /** The process ended, and was not told to. */
  readonly onDeath?: () => void;
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

export function createStoreKeeper(options: StoreKeeperOptions): StoreKeeper {
  const { startStore, timeout, log, now, onShared, onDeath } = options;
  let { configuration } = options;
  const client = createStoreClient({
    send: (frame) => kept.send(frame),
    timeout,
    store: printStoreAddress(configuration.address),
    ...(onShared === undefined ? {} : { onShared }),
    log,
  });
  const kept = keepProcess<FromStore, ToStore>({
    what: 'the process for limits-store',
    start: startStore,
    configuration: () => configuration,
    receiver() {
      const watch = createFrameWatch(now);
      return (frame) => {
        watch(frame);
        if (frame.kind === 'taken' || frame.kind === 'state') client.receive(frame);
      };
    },
    onGone(how) {
      client.gone(how);
      if (how !== undefined) onDeath?.();
    },
    log,
    now,
  });
  return {
    take: client.take,
    start: kept.start,
    change(files) {
      configuration = { ...configuration, ...files };
      kept.replace();
    },
    stop: kept.stop,
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
