/** All options of `pamhook serve`: the one table from which flags, environment, file, help and docs are made. Read by the supervisor. */
import {
  address,
  boolean,
  delimiter,
  duration,
  endpoint,
  type Format,
  headerName,
  httpsUrl,
  issuer,
  keyPrefix,
  list,
  listOf,
  namePrefix,
  networks,
  oneOf,
  path,
  sentence,
  serviceName,
  storeUrl,
  text,
  wholeNumber,
} from './format.js';

/** What an option is called outside and how it is explained; its flag and its key in a file are its name in the table. */
export interface Description {
  readonly environment?: string;
  /** false: only a flag. */
  readonly inFile?: false;
  readonly secret?: true;
  /** Somebody may write a secret into it, which is refused: a bad value is not shown. */
  readonly unshown?: true;
  /** Of a bare number. */
  readonly unit?: string;
  readonly doc: string;
  /** A value, as a flag takes it. */
  readonly example: string;
}

export interface Option<T> extends Description {
  readonly format: Format<NonNullable<T>>;
  readonly default: T;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

function option<T extends NonNullable<unknown>>(
  format: Format<T>,
  defaultValue: NoInfer<T>,
  description: Description,
): Option<T> {
  return { ...description, format, default: defaultValue };
}

/** An option that may be unset; an empty value unsets it. */
function optional<T extends NonNullable<unknown>>(format: Format<T>, description: Description): Option<T | undefined> {
  return { ...description, format: format as Format<NonNullable<T>>, default: undefined };
}

export const options = {
  'bind-address': option(address, '', {
    environment: 'PAMHOOK_BIND_ADDRESS',
    doc: 'Address to listen on; empty: all, IPv6 and IPv4.',
    example: '127.0.0.1',
  }),
  'bind-port': option(wholeNumber(0, 65_535), 8080, {
    environment: 'PAMHOOK_BIND_PORT',
    doc: 'TCP port to listen on; 0: any free one.',
    example: '6443',
  }),
  'cert-file': optional(path, {
    environment: 'PAMHOOK_TLS_CERT_FILE',
    doc: "Required. PEM file with the server's certificate, followed by the intermediate ones; at most 48 KiB.",
    example: '/etc/pamhook/tls.crt',
  }),
  'key-file': optional(path, {
    environment: 'PAMHOOK_TLS_KEY_FILE',
    doc: 'Required. PEM file with the private key of the certificate; at most 16 KiB.',
    example: '/etc/pamhook/tls.key',
  }),
  'client-ca-file': optional(path, {
    environment: 'PAMHOOK_CLIENT_CA_FILE',
    doc: 'PEM file with the CA, up to its root, of the client certificate that whoever asks for reviews must show, and whoever sends user-header may; at most 32 KiB. Unset: anybody may ask.',
    example: '/etc/pamhook/client-ca.crt',
  }),
  'client-ca-subject': option(list, [], {
    environment: 'PAMHOOK_CLIENT_CA_SUBJECT',
    doc: 'Common names of which that certificate must have one. Empty: every certificate of the CA will do.',
    example: 'kube-apiserver',
  }),
  'webhook-bind-address': optional(endpoint, {
    environment: 'PAMHOOK_WEBHOOK_BIND_ADDRESS',
    doc: 'Address and port of a listener for /authenticate alone, which the other then no longer serves; only there clients are asked for certificates, unless user-header is set. Unset: one listener serves everything.',
    example: '127.0.0.1:8443',
  }),
  'signing-key': optional(text, {
    environment: 'PAMHOOK_SIGNING_KEY',
    secret: true,
    doc: 'HMAC secret that signs tokens (HS256). Exactly one of this and signing-key-file is required; the file is better, since other users may see a command line.',
    example: '"$(cat hmac-secret)"',
  }),
  'signing-key-file': optional(path, {
    environment: 'PAMHOOK_SIGNING_KEY_FILE',
    doc: 'File with the key that signs tokens: a PEM private key (EC P-256 or P-384, RSA of 2048 bits or more) or an HMAC secret.',
    example: '/etc/pamhook/signing.key',
  }),
  'verification-key-files': option(list, [], {
    environment: 'PAMHOOK_VERIFICATION_KEY_FILES',
    doc: 'Files with further keys whose tokens are good, or directories of such files (*.pem, *.key): for the rotation of keys. At most 16 keys.',
    example: '/etc/pamhook/verification',
  }),
  audience: option(list, [], {
    environment: 'PAMHOOK_AUDIENCE',
    doc: 'Audiences written into tokens (the aud claim) and wanted in them. Empty: none.',
    example: 'https://kubernetes.default.svc',
  }),
  'require-audience': option(boolean, false, {
    environment: 'PAMHOOK_REQUIRE_AUDIENCE',
    doc: 'Answer a review with no where token and review share no audience, rather than leave the judgement to kube-apiserver.',
    example: 'true',
  }),
  'server-name': option(issuer, '', {
    environment: 'PAMHOOK_SERVERNAME',
    doc: 'Issuer written into tokens (the iss claim) and wanted in them. Empty: none, and not checked.',
    example: 'pamhook.example.org',
  }),
  'token-claims': option(listOf('groups'), [], {
    environment: 'PAMHOOK_TOKEN_CLAIMS',
    doc: 'What is written into tokens beside the rest, for those who verify them without pamhook: groups, the names of those that groups-filter lets through, without prefix. docs/without-webhook.md has more.',
    example: 'groups',
  }),
  'token-expires-in': option(wholeNumber(1, 525_600), 10, {
    environment: 'PAMHOOK_TOKEN_EXPIRES_IN',
    unit: 'minutes',
    doc: 'Lifetime of a token whose client asks for none; without max-lifetime also the longest that one may ask for.',
    example: '60',
  }),
  'max-lifetime': optional(duration(MINUTE, 365 * 24 * HOUR), {
    environment: 'PAMHOOK_MAX_LIFETIME',
    doc: 'Longest lifetime of a token that a client may ask for. Not shorter than token-expires-in, whose default it bounds too. Unset: token-expires-in.',
    example: '24h',
  }),
  'allow-groups': option(list, [], {
    environment: 'PAMHOOK_ALLOW_GROUPS',
    doc: 'Groups, by name, of which an account must be in at least one to get a token and to keep it. Empty: every account may.',
    example: 'developers,operators',
  }),
  'min-uid': option(wholeNumber(0, 4_294_967_294), 0, {
    environment: 'PAMHOOK_MIN_UID',
    doc: 'Lowest uid of an account that may get a token and keep it.',
    example: '1000',
  }),
  'username-prefix': option(namePrefix, '', {
    environment: 'PAMHOOK_USERNAME_PREFIX',
    doc: 'Put before the user name that a review answers with; not in tokens.',
    example: 'unix:',
  }),
  'groups-prefix': option(namePrefix, '', {
    environment: 'PAMHOOK_GROUPS_PREFIX',
    doc: 'Put before each group name that a review answers with.',
    example: 'unix:',
  }),
  'groups-filter': option(list, ['*'], {
    environment: 'PAMHOOK_GROUPS_FILTER',
    doc: 'Globs of the groups that a review answers with, by their names without prefix: * is any text, ? one character. Empty: none.',
    example: 'k8s-*,developers',
  }),
  'pam-service-name': option(serviceName, 'pamhook', {
    environment: 'PAMHOOK_PAM_SERVICE_NAME',
    doc: 'PAM service that checks passwords and accounts: a file in /etc/pam.d or pam-config-dir.',
    example: 'sshd',
  }),
  'pam-config-dir': optional(path, {
    environment: 'PAMHOOK_PAM_CONFIG_DIR',
    doc: "Directory of PAM service files in place of the system's.",
    example: '/etc/pamhook/pam.d',
  }),
  'pam-workers': option(wholeNumber(1, 64), 4, {
    environment: 'PAMHOOK_PAM_WORKERS',
    doc: 'Most PAM workers at a time: logins that are checked at once. With review-account-check reviews have at most half of them, and logins all but one.',
    example: '8',
  }),
  'pam-worker-max-logins': option(wholeNumber(1, 1_000_000), 1_000, {
    environment: 'PAMHOOK_PAM_WORKER_MAX_LOGINS',
    doc: 'Logins (and account checks) after which a PAM worker is replaced by a fresh one.',
    example: '200',
  }),
  'pam-worker-nice': option(wholeNumber(0, 19), 10, {
    environment: 'PAMHOOK_PAM_WORKER_NICE',
    doc: 'Added to the nice value of PAM workers: how far reviews, and all else that computes on the machine, come before the hashing of passwords.',
    example: '0',
  }),
  'pam-timeout': option(duration(100, 10 * MINUTE), 30 * SECOND, {
    environment: 'PAMHOOK_PAM_TIMEOUT',
    doc: 'Longest PAM transaction; the worker is then killed and the login answered with 503, the review with 500.',
    example: '1m',
  }),
  'login-queue': option(wholeNumber(1, 65_536), 2_048, {
    environment: 'PAMHOOK_LOGIN_QUEUE',
    doc: 'Most logins that are checked or wait for it, and most account checks. Beyond, the newest login of the address that has the most is answered with 503, further reviews with 500.',
    example: '512',
  }),
  'refusal-delay': option(duration(100, MINUTE), 3 * SECOND, {
    environment: 'PAMHOOK_REFUSAL_DELAY',
    doc: 'A refused login is answered this long after it began, or at a whole multiple, so that the time tells nothing.',
    example: '2500ms',
  }),
  'password-help': optional(sentence, {
    environment: 'PAMHOOK_PASSWORD_HELP',
    doc: 'A sentence or a link for people whose password is right and has expired: on the page, in the JSON of /token, and printed by the kubectl plugin.',
    example: '"Set a new password at https://id.example.org/password"',
  }),
  'login-limits': option(oneOf('on', 'off'), 'on', {
    environment: 'PAMHOOK_LOGIN_LIMITS',
    doc: 'Whether failed logins are limited: by account and source, and by source; docs/login-limits.md has the rule.',
    example: 'off',
  }),
  'login-free-failures': option(wholeNumber(1, 1_000), 5, {
    environment: 'PAMHOOK_LOGIN_FREE_FAILURES',
    doc: 'Failed logins of one account from one source before the next must wait: a second, then twice as long each time.',
    example: '10',
  }),
  'login-max-wait': option(duration(SECOND, HOUR), 15 * SECOND, {
    environment: 'PAMHOOK_LOGIN_MAX_WAIT',
    doc: 'Longest of these waits.',
    example: '1m',
  }),
  'login-failures-per-hour': option(wholeNumber(1, 10_000), 100, {
    environment: 'PAMHOOK_LOGIN_FAILURES_PER_HOUR',
    doc: 'Most failed logins of one account from one source in an hour.',
    example: '50',
  }),
  'source-free-failures': option(wholeNumber(1, 10_000), 100, {
    environment: 'PAMHOOK_SOURCE_FREE_FAILURES',
    doc: 'Failed logins from one source, of all accounts together, before the next must wait.',
    example: '500',
  }),
  'source-failures-per-hour': option(wholeNumber(1, 10_000), 1_000, {
    environment: 'PAMHOOK_SOURCE_FAILURES_PER_HOUR',
    doc: 'Most failed logins from one source in an hour, of all accounts together.',
    example: '5000',
  }),
  'trusted-proxies': option(networks, [], {
    environment: 'PAMHOOK_TRUSTED_PROXIES',
    doc: 'Proxies whose X-Forwarded-For is believed, and whose user-header where that is set, by address or network. Empty: nobody says who asks but the connection itself.',
    example: '10.1.2.3,2001:db8:1::/64',
  }),
  'user-header': optional(headerName, {
    environment: 'PAMHOOK_USER_HEADER',
    doc: 'Header in which an authenticating proxy names the user whom it has let in; he then gets a token without a password. Believed only from who shows a certificate of client-ca-file or connects from trusted-proxies; from elsewhere a request with it is refused. Unset: no header is believed. docs/security.md says what comes with it.',
    example: 'X-Forwarded-User',
  }),
  'group-header': optional(headerName, {
    environment: 'PAMHOOK_GROUP_HEADER',
    doc: "Header with that user's groups, which are then in the token. Unset: with require-unix-user the groups of his account, else none.",
    example: 'X-Forwarded-Groups',
  }),
  'group-header-delimiter': option(delimiter, ';', {
    environment: 'PAMHOOK_GROUP_HEADER_DELIMITER',
    doc: 'What stands between two groups in group-header.',
    example: ',',
  }),
  'user-header-prefix': option(namePrefix, '', {
    environment: 'PAMHOOK_USER_HEADER_PREFIX',
    doc: "Put before the name of such a user in a review's answer, behind username-prefix, so that nobody takes him for the account of the same name.",
    example: 'sso:',
  }),
  'require-unix-user': option(boolean, false, {
    environment: 'PAMHOOK_REQUIRE_UNIX_USER',
    doc: 'Such a user must have an account, in force by min-uid and the like, when he gets the token and at each review. Off: nobody looks for one.',
    example: 'true',
  }),
  'kubecfg-template': optional(path, {
    environment: 'PAMHOOK_KUBECFG_TEMPLATE',
    doc: 'Kubeconfig with clusters and without users, which /kubecfg gives to who has logged in; at most 256 KiB. docs/http.md has more.',
    example: '/etc/pamhook/kubeconfig-template.yaml',
  }),
  'public-url': optional(httpsUrl, {
    environment: 'PAMHOOK_PUBLIC_URL',
    doc: 'Where people reach this pamhook, for kubeconfigs that fetch their tokens by the credential plugin.',
    example: 'https://pamhook.example.org:6443',
  }),
  'limits-store': optional(storeUrl, {
    environment: 'PAMHOOK_LIMITS_STORE',
    unshown: true,
    doc: 'Redis server through which replicas share their counts of failed logins. Unset: each counts alone.',
    example: 'rediss://redis.example.org:6379/0',
  }),
  'limits-store-username': optional(text, {
    environment: 'PAMHOOK_LIMITS_STORE_USERNAME',
    doc: "User of the Redis server's access control list. Unset: its default user.",
    example: 'pamhook',
  }),
  'limits-store-password-file': optional(path, {
    environment: 'PAMHOOK_LIMITS_STORE_PASSWORD_FILE',
    doc: 'File with the password for the Redis server.',
    example: '/etc/pamhook/redis-password',
  }),
  'limits-store-ca-file': optional(path, {
    environment: 'PAMHOOK_LIMITS_STORE_CA_FILE',
    doc: "PEM file with the certificates that the Redis server's must be signed by. Unset: those that Node brings along.",
    example: '/etc/pamhook/redis-ca.crt',
  }),
  'limits-store-prefix': option(keyPrefix, 'pamhook:', {
    environment: 'PAMHOOK_LIMITS_STORE_PREFIX',
    doc: 'Begins the name of every key in the Redis server; replicas that are to count together must have the same.',
    example: 'cluster-1:',
  }),
  'limits-store-timeout': option(duration(20, 5 * SECOND), 250, {
    environment: 'PAMHOOK_LIMITS_STORE_TIMEOUT',
    doc: 'Longest that a login waits for the shared counts; it then goes on with those of its replica alone.',
    example: '100ms',
  }),
  'limits-store-run-as': optional(text, {
    environment: 'PAMHOOK_LIMITS_STORE_RUN_AS',
    doc: 'Account of the process that speaks to the Redis server. Unset: that of run-as.',
    example: 'pamhook-store',
  }),
  'metrics-bind-address': optional(endpoint, {
    environment: 'PAMHOOK_METRICS_BIND_ADDRESS',
    doc: 'Address and port on which /metrics is served to Prometheus, by a process of its own; port 0: any free one. Unset: no metrics.',
    example: '127.0.0.1:9187',
  }),
  'metrics-cert-file': optional(path, {
    environment: 'PAMHOOK_METRICS_CERT_FILE',
    doc: 'PEM file with the certificate for metrics, followed by the intermediate ones. Unset: HTTP without TLS.',
    example: '/etc/pamhook/metrics.crt',
  }),
  'metrics-key-file': optional(path, {
    environment: 'PAMHOOK_METRICS_KEY_FILE',
    doc: 'PEM file with the private key of that certificate.',
    example: '/etc/pamhook/metrics.key',
  }),
  'metrics-run-as': optional(text, {
    environment: 'PAMHOOK_METRICS_RUN_AS',
    doc: 'Account of the process that serves metrics. Unset: that of run-as.',
    example: 'pamhook-metrics',
  }),
  'max-connections': option(wholeNumber(1, 262_144), 8_192, {
    environment: 'PAMHOOK_MAX_CONNECTIONS',
    doc: 'Most connections at once; more are closed as they come. Where the limit on open files has no room for them, as many as it has.',
    example: '2000',
  }),
  'max-connections-per-source': option(wholeNumber(1, 262_144), 4_096, {
    environment: 'PAMHOOK_MAX_CONNECTIONS_PER_SOURCE',
    doc: 'Most connections at once from one address (IPv6: one /64) that is no trusted proxy. Not more than max-connections, which bounds the default too.',
    example: '100',
  }),
  'webhook-max-connections': option(wholeNumber(2, 262_144), 2_048, {
    environment: 'PAMHOOK_WEBHOOK_MAX_CONNECTIONS',
    doc: 'The same for the listener of webhook-bind-address, beside those of the other; half of them from one source. At most a quarter of what the limit on open files allows.',
    example: '256',
  }),
  'handshake-timeout': option(duration(100, MINUTE), 10 * SECOND, {
    environment: 'PAMHOOK_HANDSHAKE_TIMEOUT',
    doc: 'How long the TLS handshake of a connection may take; it is then closed.',
    example: '3s',
  }),
  'header-timeout': option(duration(100, 10 * MINUTE), 10 * SECOND, {
    environment: 'PAMHOOK_HEADER_TIMEOUT',
    doc: 'How long the headers of a request may take, the first of a connection from its handshake on; then 408. Not longer than request-timeout, which bounds the default too.',
    example: '5s',
  }),
  'request-timeout': option(duration(100, 10 * MINUTE), 20 * SECOND, {
    environment: 'PAMHOOK_REQUEST_TIMEOUT',
    doc: 'How long headers and body of a request may take together; then 408.',
    example: '1m',
  }),
  'keep-alive-timeout': option(duration(100, HOUR), 2 * MINUTE, {
    environment: 'PAMHOOK_KEEP_ALIVE_TIMEOUT',
    doc: 'How long a connection is kept without a request. Better longer than the 90 s after which kube-apiserver closes its own: else it may send one that is lost.',
    example: '3m',
  }),
  'run-as': optional(text, {
    environment: 'PAMHOOK_RUN_AS',
    doc: 'Account of the process that faces the network. Unset: pamhook if there is such an account, else nobody.',
    example: 'pamhook',
  }),
  'disable-mlock': option(boolean, false, {
    environment: 'PAMHOOK_DISABLE_MLOCK',
    doc: 'Do not lock memory; keys and passwords may then reach swap.',
    example: 'true',
  }),
  'identity-cache-ttl': option(duration(0, 5 * MINUTE), 10 * SECOND, {
    environment: 'PAMHOOK_IDENTITY_CACHE_TTL',
    doc: 'How long uid and groups of a user are kept before the system is asked again; 0: not at all.',
    example: '30s',
  }),
  'identity-timeout': option(duration(100, 14 * SECOND), 5 * SECOND, {
    environment: 'PAMHOOK_IDENTITY_TIMEOUT',
    // Twice, when somebody known a moment ago is looked for again, and kube-apiserver gives up after 30 s.
    doc: 'How long a review or a login waits for the user database; a review is then answered as identity-stale-for says, a login with 503.',
    example: '2s',
  }),
  'identity-stale-for': option(duration(0, 24 * HOUR), 5 * MINUTE, {
    environment: 'PAMHOOK_IDENTITY_STALE_FOR',
    doc: 'How old an answer may serve while the user database fails or hangs, else reviews are answered with 500; 0: never.',
    example: '1h',
  }),
  'review-account-check': option(boolean, false, {
    environment: 'PAMHOOK_REVIEW_ACCOUNT_CHECK',
    doc: "Ask PAM's account phase at reviews too: an account that expires is then refused within account-check-ttl, not when its token ends. docs/tokens.md says what this does to pam_faillock.",
    example: 'true',
  }),
  'account-check-service': optional(serviceName, {
    environment: 'PAMHOOK_ACCOUNT_CHECK_SERVICE',
    doc: 'PAM service whose account phase reviews ask. Unset: pam-service-name.',
    example: 'pamhook-review',
  }),
  'account-check-ttl': option(duration(SECOND, 10 * MINUTE), 30 * SECOND, {
    environment: 'PAMHOOK_ACCOUNT_CHECK_TTL',
    doc: 'How long what the account phase says of a user is kept before reviews ask again.',
    example: '10s',
  }),
  'shutdown-grace-period': option(duration(0, HOUR), 20 * SECOND, {
    environment: 'PAMHOOK_SHUTDOWN_GRACE_PERIOD',
    doc: 'How long requests may run on after SIGTERM or SIGINT; what runs longer is killed.',
    example: '1m',
  }),
  'audit-log': option(path, '-', {
    environment: 'PAMHOOK_AUDIT_LOG',
    doc: 'File for the audit log, reopened on SIGHUP; -: standard output.',
    example: '/var/log/pamhook/audit.log',
  }),
  'log-format': option(oneOf('auto', 'text', 'json'), 'auto', {
    environment: 'PAMHOOK_LOG_FORMAT',
    doc: 'Form of the log on standard error; auto: text on a terminal, else JSON.',
    example: 'json',
  }),
  v: option(wholeNumber(0, 100), 0, {
    doc: 'Verbosity of the log; 2 also shows stacks of errors.',
    example: '2',
  }),
  logtostderr: option(boolean, true, {
    doc: 'For command lines of pam_hook: the log always goes to standard error.',
    example: 'true',
  }),
  alsologtostderr: option(boolean, false, {
    doc: 'For command lines of pam_hook: the log always goes to standard error.',
    example: 'true',
  }),
  log_dir: optional(text, {
    doc: 'For command lines of pam_hook: accepted with a warning, without effect.',
    example: '/var/log',
  }),
  stderrthreshold: optional(text, {
    doc: 'For command lines of pam_hook: accepted with a warning, without effect.',
    example: 'INFO',
  }),
  vmodule: optional(text, {
    doc: 'For command lines of pam_hook: accepted with a warning, without effect.',
    example: 'server=2',
  }),
  log_backtrace_at: optional(text, {
    doc: 'For command lines of pam_hook: accepted with a warning, without effect.',
    example: 'server.go:100',
  }),
  config: optional(path, {
    environment: 'PAMHOOK_CONFIG',
    inFile: false,
    doc: 'YAML or JSON file of options, named as the flags are; flags and environment are stronger.',
    example: '/etc/pamhook/pamhook.yaml',
  }),
  'print-config': option(boolean, false, {
    inFile: false,
    doc: 'Print every option with its value and where that came from, secrets left out, and exit.',
    example: 'true',
  }),
  help: option(boolean, false, { inFile: false, doc: 'Print this help and exit.', example: 'true' }),
  version: option(boolean, false, { inFile: false, doc: 'Print the version and exit.', example: 'true' }),
} as const;

export type OptionName = keyof typeof options;

/** The value of each option once read. */
export type OptionValues = {
  readonly [Name in OptionName]: (typeof options)[Name] extends Option<infer T> ? T : never;
};

export const optionNames = Object.keys(options) as OptionName[];

export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(options, name);
}

/** An option with the type of its value left open. */
export interface AnyOption extends Description {
  readonly format: Format<unknown>;
  readonly default: unknown;
}

/** For code that treats all options alike. */
export function optionNamed(name: OptionName): AnyOption {
  return options[name] as AnyOption;
}
