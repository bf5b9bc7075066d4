/** What the supervisor does for metrics alone: starts the process that serves them, looks at all processes, notes what turns. */
import type { Logger } from '../log/logger.js';
import { type ChildName, startChild } from './child.js';
import type { FrontKeeper } from './front-keeper.js';
import { createMetricsKeeper, type MetricsKeeper } from './metrics-keeper.js';
import type { PreparedMetrics } from './metrics-startup.js';
import { fromMetrics } from './protocol.js';
import type { Prepared } from './startup.js';
import type { SupervisorCounts } from './supervisor-counts.js';
import type { WorkerPool } from './worker-pool.js';

/** How often memory, CPU time and descriptors of the processes are looked at, milliseconds. */
const SAMPLE_INTERVAL = 10_000;

/** When all have started, more or less. */
const FIRST_SAMPLE = 2_000;

/** Frames that the process for metrics may leave unread; it gets one a second. */
const MOST_UNREAD = 100;

export interface MetricsWiring {
  readonly prepared: PreparedMetrics;
  readonly from: Pick<Prepared, 'front' | 'keys'>;
  readonly counts: SupervisorCounts;
  readonly pool: Pick<WorkerPool, 'load'>;
  /** The running children of the supervisor. */
  readonly children: Map<number, ChildName>;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Logger;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

/** The process starts with the keeper's start(). */
export function startMetrics({ prepared, from, counts, pool, children, ...around }: MetricsWiring): MetricsKeeper {
  const { configuration, fd: listeningFd } = prepared;
  const { environment, log, now } = around;
  counts.certificate('main', from.front.tls.cert);
  if (configuration.tls !== undefined) counts.certificate('metrics', configuration.tls.cert);
  counts.signingKey();
  counts.verificationKeys(from.front.verificationKeys.length);
  const keeper = createMetricsKeeper({
    startMetrics: (events) =>
      startChild({
        name: 'metrics',
        shape: fromMetrics,
        mostUnread: MOST_UNREAD,
        environment,
        log,
        children,
        listeningFds: [listeningFd],
        ...events,
      }),
    configuration,
    rows: () => counts.rows(pool.load()),
    onDeath: () => counts.died('metrics'),
    log,
    now,
  });
  const sample = () => void counts.sample(new Map(children));
  return {
    ...keeper,
    start() {
      keeper.start();
      setTimeout(sample, FIRST_SAMPLE).unref();
      setInterval(sample, SAMPLE_INTERVAL).unref();
    },
  };
}

interface Turning {
  readonly pool: Pick<WorkerPool, 'changeSigningKey'>;
  readonly keeper: Pick<FrontKeeper, 'changeTls' | 'changeVerificationKeys'>;
  readonly metrics: Pick<MetricsKeeper, 'changeTls'> | undefined;
}

/** The same, those noted that turn certificates and keys. */
export function countTurns({ pool, keeper, metrics }: Turning, counts: SupervisorCounts | undefined): Turning {
  if (counts === undefined || metrics === undefined) return { pool, keeper, metrics };
  return {
    pool: {
      changeSigningKey(key) {
        pool.changeSigningKey(key);
        counts.signingKey();
      },
    },
    keeper: {
      changeTls(tls) {
        keeper.changeTls(tls);
        counts.certificate('main', tls.cert);
      },
      async changeVerificationKeys(keys) {
        await keeper.changeVerificationKeys(keys);
        counts.verificationKeys(keys.length);
      },
    },
    metrics: {
      changeTls(tls) {
        metrics.changeTls(tls);
        counts.certificate('metrics', tls.cert);
      },
    },
  };
}

export function logMetrics({ address, port }: PreparedMetrics, log: Logger): void {
  log.info('metrics are served', { address: address || 'all addresses', port });
}
