/** What the options of metrics do not show alone; checked by the supervisor. */
import { ConfigurationError } from '../errors.js';
import type { Given } from './limits-store-check.js';
import type { OptionValues } from './options.js';

const FILES = ['metrics-cert-file', 'metrics-key-file'] as const;

/** Metrics that look as if they were served by TLS, and are not, do not start. Throws ConfigurationError. */
export function checkMetrics(values: OptionValues, { place }: Given): void {
  const missing = FILES.filter((name) => values[name] === undefined);
  const [name] = missing;
  if (name === undefined || missing.length === FILES.length) return;
  const given = FILES.filter((other) => other !== name).map(place);
  throw new ConfigurationError(`${given.join('')} needs ${name}`, 'Give both files, or none for HTTP without TLS.');
}

/** One sentence each. */
export function warningsAboutMetrics(values: OptionValues, { isGiven, place }: Given): string[] {
  const idle = ([...FILES, 'metrics-run-as'] as const).filter(isGiven).map(place);
  if (values['metrics-bind-address'] !== undefined || idle.length === 0) return [];
  return [`without effect, since metrics-bind-address is not set: ${idle.join(', ')}`];
}
