/** What the supervisor counts for metrics: of what it sees itself, of the front's, and of what /proc tells of the processes. */
import { statSync } from 'node:fs';
import type { Settings } from '../config/settings.js';
import { type ErrorCode, errorCodes } from '../errors.js';
import { validityOf } from '../keys/certificate.js';
import type { ProcessName } from '../log/logger.js';
import type { Owner } from '../metrics/catalogue.js';
import { type Row, seriesOf } from '../metrics/series.js';
import { countersBy, createTally, type Tally } from '../metrics/tally.js';
import { createTotals } from '../metrics/totals.js';
import type { ChildName } from './child.js';
import type { FrontCountsTaker } from './front-keeper.js';
import type { LoginResultFrame } from './login-desk.js';
import { createProcessSampler, type ProcessSample } from './process-sampler.js';
import type { VouchResultFrame } from './protocol.js';
import type { PoolLoad, PoolWatch } from './worker-pool.js';

export interface SupervisorCounts {
  /** For the login desk. */
  readonly counted: () => (result: LoginResultFrame) => void;
  /** For the desk of those whom a proxy names. */
  readonly vouched: (outcome: VouchResultFrame['outcome']) => void;
  readonly pool: PoolWatch;
  readonly front: FrontCountsTaker;
  died(name: ChildName): void;
  /** For the keeper of the process that speaks to Redis. */
  readonly store: { onShared(isShared: boolean): void; onDeath(): void };
  certificate(listener: 'main' | 'metrics', cert: string): void;
  /** The key that signs is another, or the first. */
  signingKey(): void;
  verificationKeys(count: number): void;
  /** Looks at the processes. Never rejects. */
  sample(children: ReadonlyMap<number, ChildName>): Promise<void>;
  rows(load: PoolLoad): Readonly<Record<Owner, Row>>;
}

export interface SupervisorCountsOptions {
  readonly settings: Pick<Settings, 'loginQueue' | 'pamWorkers' | 'signingKeyFile' | 'limitsStore' | 'loginLimits'>;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

export function countForMetrics({ settings, now }: SupervisorCountsOptions): SupervisorCounts {
  const tally = createTally('supervisor');
  const ofFront = createTotals('front');
  const restarts = countersBy<ChildName>(tally, 'pamhook_process_restarts_total', 'process', CHILDREN);
  const died = (name: ChildName) => restarts[name]();
  const setLoad = loadGauges(tally);
  setConstants(tally, settings);
  const setShared = tally.gauge('pamhook_limits_store_connected');
  if (settings.limitsStore !== undefined && settings.loginLimits !== undefined) setShared(0);
  return {
    counted: countLogins(tally, now),
    vouched: countVouched(tally),
    pool: watchPool(tally, died),
    front: {
      take: ofFront.take,
      gone(hasDied) {
        ofFront.gone();
        if (hasDied) died('front');
      },
    },
    died,
    store: {
      onShared: (isShared) => setShared(isShared ? 1 : 0),
      onDeath: () => died('limits-store'),
    },
    certificate: (listener, cert) => setCertificate(tally, listener, cert),
    signingKey: () => tally.gauge('pamhook_signing_key_modified_timestamp_seconds')(modified(settings.signingKeyFile)),
    verificationKeys: tally.gauge('pamhook_verification_keys'),
    sample: sampler(tally),
    rows(load) {
      setLoad(load);
      return { front: ofFront.row(), supervisor: tally.row() };
    },
  };
}

const CHILDREN = ['front', 'worker', 'limits-store', 'metrics'] as const;
const VERBS = ['issue', 'vouch', 'check-account'] as const;

function setConstants(tally: Tally, { loginQueue, pamWorkers }: SupervisorCountsOptions['settings']): void {
  const builds = seriesOf('supervisor').filter(({ name }) => name === 'pamhook_build_info');
  for (const { name, labels } of builds) tally.gauge(name, labels)(1);
  tally.gauge('pamhook_start_time_seconds')((Date.now() - process.uptime() * 1000) / 1000);
  tally.gauge('pamhook_queue_limit')(loginQueue);
  tally.gauge('pamhook_pam_workers_limit')(pamWorkers);
}

/** What was given up before PAM was asked is the front's to count, as it leaves no line in the audit log either. */
function countLogins(tally: Tally, now: () => number): SupervisorCounts['counted'] {
  const outcomes = countersBy<LoginResultFrame['outcome']>(tally, 'pamhook_logins_total', 'outcome', [
    'issued',
    'refused',
    'prompted',
    'throttled',
    'unavailable',
  ]);
  const errors = countersBy(tally, 'pamhook_login_errors_total', 'code', Object.keys(errorCodes) as ErrorCode[]);
  const took = tally.histogram('pamhook_login_duration_seconds');
  return () => {
    const began = now();
    return (result) => {
      if (result.outcome === 'unavailable' && result.code === 'ERR_LOGIN_QUEUE_FULL') return;
      outcomes[result.outcome]();
      if (result.outcome === 'unavailable') errors[result.code]();
      took((now() - began) / 1000);
    };
  };
}

function countVouched(tally: Tally): SupervisorCounts['vouched'] {
  const outcomes = countersBy<VouchResultFrame['outcome']>(tally, 'pamhook_vouched_total', 'outcome', [
    'issued',
    'refused',
    'unavailable',
  ]);
  return (outcome) => outcomes[outcome]();
}

function watchPool(tally: Tally, died: SupervisorCounts['died']): PoolWatch {
  const [waited, ran] = (['pamhook_queue_wait_seconds', 'pamhook_pam_transaction_duration_seconds'] as const).map(
    (name) => new Map<string, (seconds: number) => void>(VERBS.map((verb) => [verb, tally.histogram(name, { verb })])),
  );
  return {
    waited: (verb, milliseconds) => waited?.get(verb)?.(milliseconds / 1000),
    ran: (verb, milliseconds) => ran?.get(verb)?.(milliseconds / 1000),
    died: () => died('worker'),
  };
}

function loadGauges(tally: Tally): (load: PoolLoad) => void {
  return ({ workers, waiting }) => {
    for (const [state, count] of Object.entries(workers)) tally.gauge('pamhook_pam_workers', { state })(count);
    for (const [verb, count] of Object.entries(waiting)) tally.gauge('pamhook_queue_length', { verb })(count);
  };
}

function setCertificate(tally: Tally, listener: string, cert: string): void {
  const { from, to } = validityOf(cert);
  tally.gauge('pamhook_certificate_not_before_timestamp_seconds', { listener })(from / 1000);
  tally.gauge('pamhook_certificate_not_after_timestamp_seconds', { listener })(to / 1000);
}

/** Seconds since the epoch. */
function modified(file: string | undefined): number | undefined {
  if (file === undefined) return undefined;
  try {
    return statSync(file).mtimeMs / 1000;
  } catch {
    // It was read a moment ago; what became of it since is for the next look.
    return undefined;
  }
}

/** One look at a time: a slow one is not overtaken. */
function sampler(tally: Tally): SupervisorCounts['sample'] {
  const sample = createProcessSampler<ProcessName>();
  let looking = false;
  return async (children) => {
    if (looking) return;
    looking = true;
    const all = new Map<number, ProcessName>([...children, [process.pid, 'supervisor']]);
    const seen = await sample(all);
    for (const name of ['supervisor', ...CHILDREN] as const) setProcesses(tally, name, seen.get(name));
    looking = false;
  };
}

/** undefined: there is none. */
function setProcesses(tally: Tally, process: ProcessName, seen: ProcessSample | undefined): void {
  tally.gauge('pamhook_processes', { process })(seen?.processes ?? 0);
  tally.gauge('pamhook_process_resident_memory_bytes', { process })(seen?.resident);
  tally.gauge('pamhook_process_proportional_memory_bytes', { process })(seen?.proportional);
  tally.gauge('pamhook_process_open_fds', { process })(seen?.descriptors);
  tally.counter('pamhook_process_cpu_seconds_total', { process })(seen?.cpu ?? 0);
}
