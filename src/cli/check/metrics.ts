/** Findings on what serves metrics, where they are served: its certificate and its account. */
import { readMetricsTls } from '../../privsep/metrics-startup.js';
import { chooseAccount } from '../../privsep/startup.js';
import { examine, type Finding, type Setup } from './finding.js';

/** None where there are no metrics. */
export async function metricsFindings({ settings, native, isRoot, now }: Setup): Promise<Finding[]> {
  const { metricsBind, metricsKeyFile: key, metricsRunAs: runAs } = settings;
  if (metricsBind === undefined) return [];
  const files = await examine('metrics', (log) => readMetricsTls(settings, { native, log, now }), {
    fine: (tls) => (tls === undefined ? 'served without TLS' : 'served by TLS: the certificate and its key are usable'),
    ...(key === undefined ? {} : { cure: `chmod 600 ${key}` }),
  });
  if (runAs === undefined) return [...files.findings];
  const account = await examine(
    'metrics',
    (log) => chooseAccount({ ...settings, runAs }, { native, log, isRoot }, 'metrics-run-as'),
    { cure: 'leave metrics-run-as out, or start pamhook as root' },
  );
  return [...files.findings, ...account.findings];
}
