/** Reads, checks and opens what the process for metrics needs; each fault names option, file and cure. Runs in the supervisor. */
import type { Settings } from '../config/settings.js';
import { ConfigurationError } from '../errors.js';
import { checkCertificate } from '../keys/certificate.js';
import { Secret } from '../secret.js';
import { requireFits } from './frame-size.js';
import { checkPermissions, type Reading, readKeyFile } from './key-files.js';
import { listen, type Place } from './listening.js';
import type { Account, FrontConfiguration, MetricsConfiguration } from './protocol.js';

export interface PreparedMetrics {
  readonly configuration: MetricsConfiguration;
  readonly fd: number;
  /** Empty: all. */
  readonly address: string;
  readonly port: number;
}

type MetricsSettings = Pick<Settings, 'metricsBind' | 'metricsCertFile' | 'metricsKeyFile'>;

/** undefined: none are wanted. `own`: the account, where it is not that of the front. Throws ConfigurationError. */
export function prepareMetrics(
  settings: MetricsSettings,
  around: Reading,
  { kind, logging, account: ofFront, lockMemory, supervisorPid }: FrontConfiguration,
  own: Account | undefined,
): PreparedMetrics | undefined {
  const { metricsBind: bind } = settings;
  if (bind === undefined) return undefined;
  const tls = readMetricsTls(settings, around);
  const account = own ?? ofFront;
  const common = { kind, logging, lockMemory, supervisorPid, ...(account === undefined ? {} : { account }) };
  const configuration = { ...common, ...(tls === undefined ? {} : { tls }) };
  requireFits(configuration);
  return { configuration, address: bind.address, ...listen(metricsPlace(bind), around.native) };
}

/** Where metrics are to be asked for. */
export function metricsPlace(bind: NonNullable<Settings['metricsBind']>): Place {
  return { ...bind, options: ['metrics-bind-address'] };
}

/** undefined: without TLS. Throws ConfigurationError. */
export function readMetricsTls(
  { metricsCertFile: certFile, metricsKeyFile: keyFile }: MetricsSettings,
  reading: Reading,
): MetricsConfiguration['tls'] {
  if (certFile === undefined || keyFile === undefined) return undefined;
  const cert = readKeyFile(certFile, 'metrics-cert-file', reading).bytes;
  const { bytes: key, stat } = readKeyFile(keyFile, 'metrics-key-file', reading);
  checkPermissions(keyFile, 'metrics-key-file', stat, reading.log);
  const { warnings } = underTheirNames(() => checkCertificate(cert, key, reading.now()));
  for (const warning of warnings) reading.log.warn(named(warning), { option: 'metrics-cert-file', file: certFile });
  return { cert: cert.toString('utf8'), key: new Secret(key) };
}

/** The checks are those of cert-file and key-file, and so are their words. */
function underTheirNames<T>(check: () => T): T {
  try {
    return check();
  } catch (fault) {
    if (!(fault instanceof ConfigurationError)) throw fault;
    throw new ConfigurationError(named(fault.message), fault.cure === undefined ? undefined : named(fault.cure), {
      cause: fault.cause,
    });
  }
}

function named(text: string): string {
  return text.replace(/\b(?:cert|key)-file\b/g, (name) => `metrics-${name}`);
}

/** For watchFiles(): another certificate that is good is handed to `change`. */
export function liveMetricsFiles(
  settings: MetricsSettings,
  initial: MetricsConfiguration['tls'],
  reading: Reading,
  change: (tls: NonNullable<MetricsConfiguration['tls']>) => void,
) {
  let current = initial;
  return {
    name: 'metrics certificate',
    paths: [settings.metricsCertFile, settings.metricsKeyFile].filter((path) => path !== undefined),
    async load() {
      const tls = readMetricsTls(settings, reading);
      if (tls === undefined) return;
      if (current?.cert === tls.cert && current.key.bytes().equals(tls.key.bytes())) return;
      requireFits(tls);
      current = tls;
      change(tls);
    },
  };
}
