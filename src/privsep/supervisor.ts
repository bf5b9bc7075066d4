/** The supervisor: opens what needs root, starts the others, hands logins to workers, ends it all. It parses nothing from the network. */
import { closeSync } from 'node:fs';
import type { HandedOverSockets } from '../config/inherited-socket.js';
import type { NotifySocket } from '../config/notify-socket.js';
import type { Settings } from '../config/settings.js';
import type { AuditEvent } from '../log/audit-event.js';
import type { AuditLog } from '../log/audit-log.js';
import type { Logger } from '../log/logger.js';
import type { Native } from '../native/native.js';
import { createLoginLimits, type LoginLimits, unlimited } from '../token/login-limits.js';
import { type ChildName, startChild } from './child.js';
import { createFrontKeeper, type FrontKeeper } from './front-keeper.js';
import { tellHealth } from './health-teller.js';
import { admitLast, type Listening } from './listening.js';
import { keepFilesLive } from './live-files.js';
import type { MetricsKeeper } from './metrics-keeper.js';
import { countTurns, logMetrics, startMetrics } from './metrics-wiring.js';
import { refuseDebugger } from './privileges.js';
import { fromFront, fromStore, fromWorker } from './protocol.js';
import { createReaper } from './reaper.js';
import { createServiceNotices } from './service-notices.js';
import { type Prepared, prepare } from './startup.js';
import { createStoreKeeper, type StoreKeeper } from './store-keeper.js';
import { countForMetrics, type SupervisorCounts } from './supervisor-counts.js';
import { countThrottled } from './throttle-counter.js';
import { createWorkerPool, type WorkerPool } from './worker-pool.js';

/** Frames that a worker may leave unread: new keys, in a transaction that takes long. */
const WORKER_UNREAD = 1_000;

/** How often orphans that have ended are looked for, milliseconds. */
const REAP_INTERVAL = 5_000;

/** How long a stop waits for the last connections to be accepted, milliseconds; a front that hangs accepts none. */
const LONGEST_ADMISSION = 5_000;

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** MiB. Half of V8's own: what a request leaves outside V8's heap goes with the young objects that hold it, so the sooner the better. */
const FRONT_FLAGS = ['--max-semi-space-size=8'];
/** There are several, and each does little. */
const WORKER_FLAGS = ['--optimize-for-size'];

export interface SupervisorOptions {
  readonly native: Native;
  readonly log: Logger;
  readonly logFormat: 'text' | 'json';
  /** Opens settings.auditLog. Throws ConfigurationError. */
  readonly openAudit: (destination: string) => AuditLog;
  /** What front and workers get as their environment: nothing secret. */
  readonly environment: NodeJS.ProcessEnv;
  /** Listening sockets that another process opened. */
  readonly handedOver: HandedOverSockets;
  /** Where the service manager wants to hear of the daemon's state. */
  readonly notify: NotifySocket;
}

/** Serves until SIGTERM or SIGINT; resolves to the exit code. Throws ConfigurationError before anything listens. */
export async function supervise(settings: Settings, options: SupervisorOptions): Promise<number> {
  const { native, log, handedOver } = options;
  const isRoot = process.geteuid?.() === 0;
  for (const signal of STOP_SIGNALS) process.on(signal, endAtOnce);
  refuseDebugger();
  const audit = options.openAudit(settings.auditLog);
  const around = { native, log, logFormat: options.logFormat, isRoot, pid: process.pid, now: Date.now, handedOver };
  const prepared = await prepare(settings, around);
  native.setChildSubreaper();
  const { pool, keeper, store, metrics, counts, throttled, reaping } = startProcesses(
    settings,
    prepared,
    audit,
    options,
  );
  const notices = createServiceNotices({ to: options.notify, native, log, silence: keeper.silence });
  let reload = async (): Promise<void> => {};
  process.on('SIGHUP', () => {
    reopen(audit, log);
    void notices.reload(reload);
  });
  const stopRequested = onStopSignal(log);
  const health = tellHealth({ workersAnswer: pool.answering, tell: keeper.tellHealth });
  try {
    store?.start();
    await keeper.start();
    pool.warm();
    metrics?.start();
    const turning = countTurns({ pool, keeper, metrics }, counts);
    const files = { ...turning, front: keeper, store };
    const live = await keepFilesLive({ settings, prepared, ...files, reading: around, audit: audit.append });
    reload = live.reload;
    const { address, port } = prepared.listening;
    const webhook = prepared.webhookListening && namesOf(prepared.webhookListening);
    append(audit, { event: 'daemon.started', address, port, ...webhook });
    if (prepared.metrics !== undefined) logMetrics(prepared.metrics, log);
    log.info('serving', { address: address || 'all addresses', port, ...webhook });
    notices.ready(`serving, ${address || 'all addresses'}, port ${port}`);
    await stopRequested;
    notices.stopping(settings.shutdownGracePeriod);
    health.stopping();
    appendOrLog(audit, { event: 'daemon.stopping' }, log);
    await stop({ keeper, pool, store }, listeningIn(prepared), settings.shutdownGracePeriod, options);
    throttled.stop();
    appendOrLog(audit, { event: 'daemon.stopped' }, log);
    return 0;
  } finally {
    health.end();
    clearInterval(reaping);
    keeper.kill();
    await pool.stop();
    await store?.stop();
    await metrics?.stop();
  }
}

interface Processes {
  readonly pool: WorkerPool;
  readonly keeper: FrontKeeper;
  readonly store: StoreKeeper | undefined;
  readonly metrics: MetricsKeeper | undefined;
  /** Absent: nothing is counted for metrics. */
  readonly counts: SupervisorCounts | undefined;
  readonly throttled: { stop(): void };
  readonly reaping: NodeJS.Timeout;
}

function startProcesses(
  settings: Settings,
  prepared: Prepared,
  audit: AuditLog,
  options: SupervisorOptions,
): Processes {
  const { native, log, environment } = options;
  const children = new Map<number, ChildName>();
  const reaper = createReaper(native, () => children, log);
  const now = () => performance.now();
  const counts = prepared.metrics && countForMetrics({ settings, now });
  const pool = createWorkerPool({
    startWorker: ({ onFrame, onExit }) =>
      startChild({
        name: 'worker',
        shape: fromWorker,
        mostUnread: WORKER_UNREAD,
        environment,
        flags: WORKER_FLAGS,
        log,
        children,
        onFrame,
        onExit(how) {
          reaper.endOrphans();
          onExit(how);
        },
      }),
    configuration: prepared.worker,
    workers: settings.pamWorkers,
    accountChecks: settings.reviewAccountCheck,
    vouching: settings.headers !== undefined,
    maxLogins: settings.pamWorkerMaxLogins,
    timeout: settings.pamTimeout,
    queueLength: settings.loginQueue,
    ...(counts === undefined ? {} : { watch: counts.pool }),
    log,
    now,
  });
  // One that gave up its place in the front for another may run already, and is open until it ends.
  const open = settings.loginQueue + settings.pamWorkers;
  const store =
    prepared.store &&
    createStoreKeeper({
      startStore: (events) =>
        startChild({
          name: 'limits-store',
          shape: fromStore,
          environment,
          log,
          children,
          // Each login is asked about once and settled once; and more.
          mostUnread: 2 * open + 100,
          ...events,
        }),
      configuration: prepared.store,
      timeout: settings.limitsStoreTimeout,
      ...counts?.store,
      log,
      now,
    });
  const throttled = countThrottled({ audit: (event) => append(audit, event), log });
  const keeper = createFrontKeeper({
    startFront: (events) =>
      startChild({
        name: 'front',
        shape: fromFront,
        // Of twice as many logins as may be under way, as many account checks, and more: what asks on and reads nothing leaves more.
        mostUnread: 4 * open + 100,
        environment,
        flags: FRONT_FLAGS,
        log,
        children,
        listeningFds: listeningIn(prepared).map(({ fd }) => fd),
        ...events,
      }),
    configuration: prepared.front,
    ...(prepared.template === undefined ? {} : { template: prepared.template }),
    pool,
    limits: limitsOf(settings, now),
    ...(store === undefined ? {} : { shared: store }),
    throttled,
    limit: open,
    ...(counts === undefined ? {} : { counts: counts.front, counted: counts.counted, vouched: counts.vouched }),
    audit: audit.append,
    log,
    refusalDelay: settings.refusalDelay,
    now,
  });
  const metrics =
    prepared.metrics &&
    counts &&
    startMetrics({ prepared: prepared.metrics, from: prepared, counts, pool, children, environment, log, now });
  const reaping = setInterval(() => reaper.reapOrphans(), REAP_INTERVAL);
  return { pool, keeper, store, metrics, counts, throttled, reaping };
}

function limitsOf({ loginLimits }: Settings, now: () => number): LoginLimits {
  return loginLimits === undefined ? unlimited : createLoginLimits({ rule: loginLimits, now });
}

/** While nothing has been started there is nothing to end; and pid 1 gets no signal for which it has no handler. */
function endAtOnce(): void {
  process.exit(0);
}

/** The first SIGTERM or SIGINT asks for an orderly stop; a second one ends everything at once. */
function onStopSignal(log: Logger): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (signal: NodeJS.Signals) => {
      if (asked) process.exit(1);
      asked = true;
      log.info('stopping: what was accepted is still answered', { signal });
      resolve();
    };
    for (const signal of STOP_SIGNALS) process.off(signal, endAtOnce).on(signal, ask);
  });
}

/** In the order in which the front gets them. */
function listeningIn({ listening, webhookListening }: Prepared): readonly Listening[] {
  return webhookListening === undefined ? [listening] : [listening, webhookListening];
}

function namesOf({ address, port }: Listening) {
  return { webhookAddress: address || 'all addresses', webhookPort: port };
}

async function stop(
  { keeper, pool, store }: Pick<Processes, 'keeper' | 'pool' | 'store'>,
  listening: readonly Listening[],
  grace: number,
  { native, log }: SupervisorOptions,
): Promise<void> {
  const began = performance.now();
  const longest = Math.min(grace, LONGEST_ADMISSION);
  await Promise.all(listening.map((each) => admitLast(each, { native, log }, longest)));
  const timer = setTimeout(
    () => {
      log.warn('shutdown-grace-period is over: what still runs is killed');
      keeper.kill();
    },
    grace - (performance.now() - began),
  );
  const drained = keeper.drain();
  for (const { fd } of listening) closeSync(fd);
  await drained;
  clearTimeout(timer);
  await pool.stop();
  // Last: what the workers ended with is given back.
  await store?.stop();
}

function append(audit: AuditLog, event: AuditEvent): void {
  audit.append(event, 'supervisor', process.pid);
}

/** Whoever stops the daemon must not lose requests because a disk is full. */
function appendOrLog(audit: AuditLog, event: AuditEvent, log: Logger): void {
  try {
    append(audit, event);
  } catch (fault) {
    log.error('the audit log cannot be written', { event: event.event, fault });
  }
}

function reopen(audit: AuditLog, log: Logger): void {
  try {
    audit.reopen();
  } catch (fault) {
    log.error('the audit log cannot be reopened; the old one is kept', { fault });
  }
}
