/** Keeps the process that serves metrics running, and tells it every second what was counted; runs in the supervisor. */
import { PamhookError } from '../errors.js';
import type { Logger } from '../log/logger.js';
import type { Owner } from '../metrics/catalogue.js';
import type { Row } from '../metrics/series.js';
import type { Child } from './child.js';
import { keepProcess } from './kept-process.js';
import type { FromMetrics, MetricsConfiguration, ToMetrics } from './protocol.js';

const INTERVAL = 1_000;

export interface MetricsKeeperOptions {
  readonly startMetrics: (events: { onFrame(frame: FromMetrics): void; onExit(how: string): void }) => Child<ToMetrics>;
  readonly configuration: MetricsConfiguration;
  readonly rows: () => Readonly<Record<Owner, Row>>;
  /** The process ended, and was not told to. */
  readonly onDeath: () => void;
  readonly log: Logger;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

export interface MetricsKeeper {
  start(): void;
  /** For connections from now on, and of processes still to be started. */
  changeTls(tls: NonNullable<MetricsConfiguration['tls']>): void;
  /** Resolves when the process is gone. */
  stop(): Promise<void>;
}

export function createMetricsKeeper(options: MetricsKeeperOptions): MetricsKeeper {
  const { startMetrics, rows, onDeath, log, now } = options;
  let { configuration } = options;
  let timer: NodeJS.Timeout | undefined;
  const kept = keepProcess<FromMetrics, ToMetrics>({
    what: 'the process for metrics',
    start: startMetrics,
    configuration: () => configuration,
    receiver() {
      let isReady = false;
      return ({ kind }) => {
        if (kind !== 'ready') return;
        if (isReady) throw new PamhookError('ERR_PROTOCOL', 'a process was ready twice');
        isReady = true;
        tell();
      };
    },
    onGone(how) {
      if (how !== undefined) onDeath();
    },
    log,
    now,
  });

  function tell(): void {
    kept.send({ kind: 'metrics', ...rows() });
  }

  return {
    start() {
      kept.start();
      timer = setInterval(tell, INTERVAL);
      timer.unref();
    },
    changeTls(tls) {
      configuration = { ...configuration, tls };
      kept.send({ kind: 'tls', tls });
    },
    stop() {
      clearInterval(timer);
      return kept.stop();
    },
  };
}
