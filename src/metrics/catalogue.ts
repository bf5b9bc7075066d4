/** Every metric there is, with every value its labels can have: one table, from which all processes count, `/metrics` is written and the docs are made. */
import { version } from '../config/version.js';
import { errorCodes } from '../errors.js';

/** The process that counts it. */
export type Owner = 'front' | 'supervisor';

export interface Metric {
  readonly owner: Owner;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** All values of each label: nothing that a client sends can make a new one. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Upper bounds, ascending; of histograms. */
  readonly buckets: readonly number[];
}

type Labels = Metric['labels'];

const of =
  (owner: Owner, type: Metric['type'], buckets: readonly number[] = []) =>
  (help: string, labels: Labels = {}): Metric => ({ owner, type, help, labels, buckets });

/** Seconds. A review from the cache takes less than a thousandth, one that waits for a directory up to twice identity-timeout. */
const REVIEW_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Seconds. Hashing a password takes some hundredths, a directory or a second factor longer. */
const LOGIN_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

const front = {
  counter: of('front', 'counter'),
  gauge: of('front', 'gauge'),
  review: of('front', 'histogram', REVIEW_SECONDS),
};
const supervisor = {
  counter: of('supervisor', 'counter'),
  gauge: of('supervisor', 'gauge'),
  login: of('supervisor', 'histogram', LOGIN_SECONDS),
};

const code = Object.keys(errorCodes);
const verb = ['issue', 'vouch', 'check-account'];
const process = ['supervisor', 'front', 'worker', 'limits-store', 'metrics'];
const listener = ['main', 'metrics'];

/** The paths that are told apart; the rest are `other`. */
export const paths = [
  '/token',
  '/generate',
  '/kubecfg',
  '/',
  '/login',
  '/authenticate',
  '/heartbeat',
  '/livez',
  '/readyz',
  'other',
] as const;

export const metrics = {
  pamhook_build_info: supervisor.gauge('1; which pamhook runs on which Node', {
    version: [version],
    node: [globalThis.process.version],
  }),
  pamhook_start_time_seconds: supervisor.gauge('when the daemon was started, since the epoch'),

  pamhook_logins_total: supervisor.counter('logins that ended, as the audit log names them (`token.…`)', {
    outcome: ['issued', 'refused', 'prompted', 'throttled', 'unavailable'],
  }),
  pamhook_login_errors_total: supervisor.counter('logins that could not be checked, by error code', { code }),
  pamhook_logins_turned_away_total: front.counter(
    'logins answered 503 because `login-queue` was full; not among those that ended',
  ),
  pamhook_vouched_total: supervisor.counter(
    'users whom a proxy named (`user-header`), by what came of it, as the audit log names them (`token.vouch…`)',
    { outcome: ['issued', 'refused', 'unavailable'] },
  ),
  pamhook_login_duration_seconds: supervisor.login(
    'how long logins took, waiting included, without the delay of a refusal',
  ),
  pamhook_pam_transaction_duration_seconds: supervisor.login('how long PAM workers were at it', { verb }),
  pamhook_queue_wait_seconds: supervisor.login('how long logins and account checks waited for a PAM worker', { verb }),
  pamhook_queue_length: supervisor.gauge('logins and account checks that wait for a PAM worker', { verb }),
  pamhook_queue_limit: supervisor.gauge('`login-queue`: how many there may be'),
  pamhook_pam_workers: supervisor.gauge('PAM workers', { state: ['starting', 'idle', 'busy', 'leaving'] }),
  pamhook_pam_workers_limit: supervisor.gauge('`pam-workers`: how many there may be'),

  pamhook_reviews_total: front.counter('reviews by answer; `unavailable` could not be checked', {
    answer: ['yes', 'no', 'unavailable'],
  }),
  pamhook_review_errors_total: front.counter('reviews that could not be checked, by error code', { code }),
  pamhook_review_duration_seconds: front.review('how long reviews took, from the body to the answer'),
  pamhook_identity_lookups_total: front.counter(
    'users looked up for reviews: `hit` from the cache, `shared` with a lookup under way, `miss` asked for, `stale` served from the cache because the user database failed, `failed`',
    { result: ['hit', 'shared', 'miss', 'stale', 'failed'] },
  ),
  pamhook_identity_cache_entries: front.gauge('users in the cache'),

  pamhook_http_requests_total: front.counter('requests by path and class of status; `none`: the client went away', {
    path: paths,
    status: ['2xx', '3xx', '4xx', '5xx', 'none'],
  }),
  pamhook_connections: front.gauge('open connections, before the TLS handshake too'),
  pamhook_connections_accepted_total: front.counter('connections that were taken'),
  pamhook_connections_turned_away_total: front.counter(
    'connections closed as they came: `source` beyond `max-connections-per-source`, `total` beyond `max-connections`',
    { reason: ['source', 'total'] },
  ),
  pamhook_tls_handshake_failures_total: front.counter('TLS handshakes that failed or took too long'),

  pamhook_limits_store_connected: supervisor.gauge(
    '1 while failed logins are counted together with other replicas, 0 while by this one alone; only with `limits-store`',
  ),
  pamhook_certificate_not_before_timestamp_seconds: supervisor.gauge(
    'from when on the certificate in use is valid, since the epoch',
    { listener },
  ),
  pamhook_certificate_not_after_timestamp_seconds: supervisor.gauge(
    'until when the certificate in use is valid, since the epoch',
    { listener },
  ),
  pamhook_signing_key_modified_timestamp_seconds: supervisor.gauge(
    'when the file of the key that signs was last written, since the epoch; not with `signing-key`',
  ),
  pamhook_verification_keys: supervisor.gauge('keys that verify tokens, the one that signs among them'),

  pamhook_process_restarts_total: supervisor.counter('processes started again after they died or were killed', {
    process: process.filter((name) => name !== 'supervisor'),
  }),
  pamhook_processes: supervisor.gauge('processes', { process }),
  pamhook_process_resident_memory_bytes: supervisor.gauge(
    'memory in RAM (RSS), pages that processes share counted in each',
    {
      process,
    },
  ),
  pamhook_process_proportional_memory_bytes: supervisor.gauge(
    'memory in RAM, shared pages divided among those who share them (PSS); where the supervisor may read it',
    { process },
  ),
  pamhook_process_cpu_seconds_total: supervisor.counter('CPU time, of processes that have ended too', { process }),
  pamhook_process_open_fds: supervisor.gauge('open descriptors, where the supervisor may read it', { process }),
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof metrics;

/** For code that treats all metrics alike. */
export const metricEntries = Object.entries(metrics) as readonly (readonly [MetricName, Metric])[];
