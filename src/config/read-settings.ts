/** Command line, environment and file become the settings of `pamhook serve`; done by the supervisor before anything else. */
import convict from 'convict';
import { ConfigurationError } from '../errors.js';
import { Secret } from '../secret.js';
import { parseArguments } from './arguments.js';
import { LONGEST_CONFIG_FILE, parseConfigFile, type ReadFile, readBounded } from './config-file.js';
import { boundParts, checkSettings, type Purpose, warningsAbout } from './cross-check.js';
import { parseEndpoint } from './endpoint.js';
import { type Environment, optionsInEnvironment } from './environment.js';
import type { RawValue } from './format.js';
import { checkKubehook, warningsAboutKubehook } from './kubehook.js';
import { readOptionValue } from './option-value.js';
import { type OptionName, type OptionValues, optionNamed, optionNames } from './options.js';
import { printConfig } from './print-config.js';
import type { ConnectionSettings, HeaderSettings, LoginLimitSettings, Settings } from './settings.js';
import { placeOf, type Source } from './source.js';
import { parseStoreUrl } from './store-url.js';

export interface Given {
  /** Without the program and the subcommand. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** Default: serve. */
  readonly purpose?: Purpose;
  /** Reads at most `limit` bytes and one more. Throws Node's errors. */
  readonly readFile?: (path: string, limit: number) => ReadFile;
}

export type Invocation =
  | { readonly mode: 'help' | 'version' }
  | {
      readonly mode: 'serve' | 'print-config';
      readonly settings: Settings;
      /** The path given as --config. */
      readonly configFile: string | undefined;
      /** One sentence each, without values of secrets. */
      readonly warnings: readonly string[];
      /** What --print-config prints. */
      readonly printable: string;
    };

/** The values of one place, weaker places first. */
interface Layer {
  readonly source: Source;
  readonly values: ReadonlyMap<OptionName, RawValue>;
}

/**
 * Flags beat environment beats file beats default. Every value that is given is checked, also one that a stronger place overrides.
 * Throws ConfigurationError: one line that names the option, where it came from and what is expected, never a secret.
 */
export function readSettings({ argv, env, purpose = 'serve', readFile = readBounded }: Given): Invocation {
  const flags: Layer = { source: { kind: 'flag' }, values: parseArguments(argv) };
  if (isSet(flags, 'help')) return { mode: 'help' };
  if (isSet(flags, 'version')) return { mode: 'version' };
  const environment: Layer = { source: { kind: 'environment' }, values: optionsInEnvironment(env) };
  const file = fileLayer([flags, environment], readFile);
  const { values: merged, sources } = merge([...(file ? [file.layer] : []), environment, flags]);
  checkSettings(merged, sources, purpose);
  if (purpose === 'serve') checkKubehook(env, { isGiven: (name) => sources.has(name) });
  const values = boundParts(merged, sources);
  return {
    mode: values['print-config'] ? 'print-config' : 'serve',
    settings: settingsFrom(values),
    configFile: values.config,
    warnings: [
      ...warningsAbout(values, sources),
      ...(purpose === 'serve' ? warningsAboutKubehook(env) : []),
      ...(file?.warnings ?? []),
    ],
    printable: printConfig(values, sources),
  };
}

function isSet(flags: Layer, name: 'help' | 'version'): boolean {
  const raw = flags.values.get(name);
  return raw !== undefined && readOptionValue(name, raw, flags.source) === true;
}

/** `places`: the strongest first. */
function fileLayer(
  places: readonly Layer[],
  readFile: NonNullable<Given['readFile']>,
): { layer: Layer; warnings: string[] } | undefined {
  const from = places.find((layer) => layer.values.has('config'));
  const path = from && readOptionValue('config', from.values.get('config') ?? '', from.source);
  if (from === undefined || typeof path !== 'string') return undefined;
  const { content, readableByOthers } = readOrFault(path, from.source, readFile);
  const values = parseConfigFile(content, path);
  const exposed = readableByOthers && values.has('signing-key');
  const warnings = exposed ? [`${path} holds the signing key and is readable by others: make its mode 0600`] : [];
  return { layer: { source: { kind: 'file', path }, values }, warnings };
}

function readOrFault(path: string, source: Source, readFile: NonNullable<Given['readFile']>): ReadFile {
  try {
    return readFile(path, LONGEST_CONFIG_FILE);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new ConfigurationError(
      `${placeOf('config', source)}: cannot read ${path} (${code})`,
      'Give a YAML or JSON file that pamhook may read.',
      { cause },
    );
  }
}

function merge(layers: readonly Layer[]): { values: OptionValues; sources: ReadonlyMap<OptionName, Source> } {
  const config = convict(schema(), { args: [], env: {} });
  const sources = new Map<OptionName, Source>();
  for (const { source, values } of layers) {
    const read = [...values].map(([name, raw]) => [name, readOptionValue(name, raw, source)] as const);
    for (const [name] of read) sources.set(name, source);
    config.load(Object.fromEntries(read));
  }
  config.validate({ allowed: 'strict' });
  return { values: config.getProperties() as OptionValues, sources };
}

/** Convict is given no arguments and no environment: it would read `-signing-key 0123` as the number 123. */
function schema(): convict.Schema<Record<string, unknown>> {
  return Object.fromEntries(
    optionNames.map((name) => {
      const { default: defaultValue, doc, secret = false, format } = optionNamed(name);
      const check = (value: unknown) => {
        if (!format.holds(value)) throw new Error(`must be ${format.expected}`);
      };
      return [name, { default: defaultValue, doc, sensitive: secret, format: check }];
    }),
  );
}

function settingsFrom(values: OptionValues): Settings {
  const key = values['signing-key'];
  const store = values['limits-store'];
  const webhook = values['webhook-bind-address'];
  return {
    bindAddress: values['bind-address'],
    bindPort: values['bind-port'],
    webhook: webhook === undefined ? undefined : parseEndpoint(webhook),
    certFile: values['cert-file'] ?? '',
    keyFile: values['key-file'] ?? '',
    clientCaFile: values['client-ca-file'],
    clientCaSubject: values['client-ca-subject'],
    signingKey: key === undefined ? undefined : Secret.fromString(key),
    signingKeyFile: values['signing-key-file'],
    verificationKeyFiles: values['verification-key-files'],
    audience: values.audience,
    requireAudience: values['require-audience'],
    serverName: values['server-name'],
    allowGroups: values['allow-groups'],
    minUid: values['min-uid'],
    usernamePrefix: values['username-prefix'],
    groupsPrefix: values['groups-prefix'],
    groupsFilter: values['groups-filter'],
    tokenClaims: values['token-claims'],
    pamServiceName: values['pam-service-name'],
    pamConfigDir: values['pam-config-dir'],
    tokenExpiresIn: values['token-expires-in'],
    maxLifetime: values['max-lifetime'] ?? values['token-expires-in'] * 60_000,
    disableMlock: values['disable-mlock'],
    runAs: values['run-as'],
    pamWorkers: values['pam-workers'],
    pamWorkerMaxLogins: values['pam-worker-max-logins'],
    pamWorkerNice: values['pam-worker-nice'],
    pamTimeout: values['pam-timeout'],
    loginQueue: values['login-queue'],
    refusalDelay: values['refusal-delay'],
    passwordHelp: values['password-help'],
    loginLimits: values['login-limits'] === 'off' ? undefined : loginLimitsFrom(values),
    trustedProxies: values['trusted-proxies'],
    headers: headersFrom(values),
    kubecfgTemplate: values['kubecfg-template'],
    publicUrl: values['public-url'],
    limitsStore: store === undefined ? undefined : parseStoreUrl(store),
    limitsStoreUsername: values['limits-store-username'],
    limitsStorePasswordFile: values['limits-store-password-file'],
    limitsStoreCaFile: values['limits-store-ca-file'],
    limitsStorePrefix: values['limits-store-prefix'],
    limitsStoreTimeout: values['limits-store-timeout'],
    limitsStoreRunAs: values['limits-store-run-as'],
    metricsBind: parseEndpoint(values['metrics-bind-address'] ?? ''),
    metricsCertFile: values['metrics-cert-file'],
    metricsKeyFile: values['metrics-key-file'],
    metricsRunAs: values['metrics-run-as'],
    connections: connectionsFrom(values),
    shutdownGracePeriod: values['shutdown-grace-period'],
    identityCacheTtl: values['identity-cache-ttl'],
    identityTimeout: values['identity-timeout'],
    identityStaleFor: values['identity-stale-for'],
    reviewAccountCheck: values['review-account-check'],
    accountCheckService: values['account-check-service'],
    accountCheckTtl: values['account-check-ttl'],
    logFormat: values['log-format'],
    auditLog: values['audit-log'],
    verbosity: values.v,
  };
}

function headersFrom(values: OptionValues): HeaderSettings | undefined {
  const user = values['user-header'];
  if (user === undefined) return undefined;
  return {
    user: user.toLowerCase(),
    groups: values['group-header']?.toLowerCase(),
    delimiter: values['group-header-delimiter'],
    prefix: values['user-header-prefix'],
    requireUnixUser: values['require-unix-user'],
  };
}

function loginLimitsFrom(values: OptionValues): LoginLimitSettings {
  return {
    freeFailures: values['login-free-failures'],
    maxWait: values['login-max-wait'],
    failuresPerHour: values['login-failures-per-hour'],
    sourceFreeFailures: values['source-free-failures'],
    sourceFailuresPerHour: values['source-failures-per-hour'],
  };
}

/** Where only one of two was given, the default of the other gives way: checkSettings() has refused what was given too large. */
function connectionsFrom(values: OptionValues): ConnectionSettings {
  return {
    most: values['max-connections'],
    mostPerSource: values['max-connections-per-source'],
    mostOfWebhook: values['webhook-max-connections'],
    handshakeTimeout: values['handshake-timeout'],
    headerTimeout: values['header-timeout'],
    requestTimeout: values['request-timeout'],
    keepAliveTimeout: values['keep-alive-timeout'],
  };
}
