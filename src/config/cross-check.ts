/** What no option shows alone: required ones, ones that exclude each other, and warnings; checked by the supervisor. */
import { ConfigurationError } from '../errors.js';
import { checkHeaders, warningsAboutHeaders } from './header-check.js';
import { boundLifetime, checkLifetimes } from './lifetime-check.js';
import { checkLimitsStore, type Given, warningsAboutLimitsStore } from './limits-store-check.js';
import { checkMetrics, warningsAboutMetrics } from './metrics-check.js';
import { type OptionName, type OptionValues, optionNamed } from './options.js';
import { placeOf, type Source } from './source.js';

export type Sources = ReadonlyMap<OptionName, Source>;

/** What the settings are for: a daemon, or the keys and claims of one token. */
export type Purpose = 'serve' | 'verify';

/** Throws ConfigurationError. */
export function checkSettings(values: OptionValues, sources: Sources, purpose: Purpose): void {
  if (purpose === 'serve') checkServe(values, sources);
  checkSigningKey(values, sources, purpose);
  checkLifetimes(values, givenIn(sources));
  checkLimitsStore(values, givenIn(sources));
  checkMetrics(values, givenIn(sources));
}

function checkServe(values: OptionValues, sources: Sources): void {
  for (const name of ['cert-file', 'key-file'] as const) {
    if (values[name] === undefined) throw new ConfigurationError(`${name} is required`, `Give ${waysToGive(name)}.`);
  }
  if (values['audit-log'] === '') {
    throw new ConfigurationError(
      `${placed('audit-log', sources)} must be a path or -`,
      'Leave it out for standard output.',
    );
  }
  // It would look as if callers were checked.
  if (values['client-ca-subject'].length > 0 && values['client-ca-file'] === undefined) {
    throw new ConfigurationError(
      `${placed('client-ca-subject', sources)} needs client-ca-file`,
      'Give the CA that signs the certificates with these names.',
    );
  }
  checkParts(values, sources);
  checkHeaders(values, givenIn(sources));
}

/** A part that may be given no larger than its whole. */
const PARTS: readonly (readonly [part: OptionName, whole: OptionName])[] = [
  ['max-connections-per-source', 'max-connections'],
  ['header-timeout', 'request-timeout'],
];

/** The values with those that nobody gave lowered to what bounds them. */
export function boundParts(values: OptionValues, sources: Sources): OptionValues {
  const lowered = PARTS.filter(([part]) => !sources.has(part)).map(
    ([part, whole]) => [part, Math.min(Number(values[part]), Number(values[whole]))] as const,
  );
  return boundLifetime({ ...values, ...Object.fromEntries(lowered) }, givenIn(sources));
}

function checkParts(values: OptionValues, sources: Sources): void {
  for (const [part, whole] of PARTS) {
    if (!sources.has(part) || Number(values[part]) <= Number(values[whole])) continue;
    const most = optionNamed(whole).format.print(values[whole]);
    throw new ConfigurationError(
      `${placed(part, sources)} must not be more than ${whole}, which is ${most}`,
      `Lower it, or raise ${whole}.`,
    );
  }
}

function checkSigningKey(values: OptionValues, sources: Sources, purpose: Purpose): void {
  const given = (['signing-key', 'signing-key-file'] as const).filter((name) => values[name] !== undefined);
  if (given.length === 0 && purpose === 'verify') checkVerificationKeys(values);
  else if (given.length === 0) {
    throw new ConfigurationError(
      'signing-key or signing-key-file: one of the two is required',
      `Give ${waysToGive('signing-key-file')}.`,
    );
  }
  if (given.length === 2) {
    const [first, second] = given.map((name) => placed(name, sources));
    throw new ConfigurationError(`${first} and ${second} exclude each other`, 'Give one of the two.');
  }
}

function checkVerificationKeys(values: OptionValues): void {
  if (values['verification-key-files'].length > 0) return;
  throw new ConfigurationError(
    'signing-key, signing-key-file or verification-key-files: one of the three is required',
    `Give ${waysToGive('signing-key-file')}.`,
  );
}

/** One sentence each. */
export function warningsAbout(values: OptionValues, sources: Sources): string[] {
  const warnings: string[] = [];
  if (values['signing-key'] !== undefined && sources.get('signing-key')?.kind === 'flag') {
    warnings.push('flag -signing-key can be seen by other users for a moment: -signing-key-file is better');
  }
  if (values['allow-groups'].length === 0 && sources.has('allow-groups')) {
    warnings.push(`${placed('allow-groups', sources)} names no group: every account may have a token`);
  }
  const ignored = (['log_dir', 'stderrthreshold', 'vmodule', 'log_backtrace_at'] as const)
    .filter((name) => values[name] !== undefined)
    .map((name) => placed(name, sources));
  if (!values.logtostderr) ignored.unshift(placed('logtostderr', sources));
  if (ignored.length > 0) warnings.push(`without effect, since the log goes to standard error: ${ignored.join(', ')}`);
  const idle = (['account-check-service', 'account-check-ttl'] as const)
    .filter((name) => sources.has(name) && !values['review-account-check'])
    .map((name) => placed(name, sources));
  if (idle.length > 0) warnings.push(`without effect, since review-account-check is off: ${idle.join(', ')}`);
  warnings.push(...warningsAboutLimits(values, sources), ...warningsAboutLimitsStore(values, givenIn(sources)));
  warnings.push(...warningsAboutHeaders(values, givenIn(sources)));
  warnings.push(...warningsAboutMetrics(values, givenIn(sources)));
  return warnings;
}

const LIMITS = [
  'login-free-failures',
  'login-max-wait',
  'login-failures-per-hour',
  'source-free-failures',
  'source-failures-per-hour',
] as const;

function warningsAboutLimits(values: OptionValues, sources: Sources): string[] {
  const warnings: string[] = [];
  if (values['login-limits'] === 'off') {
    const idle = LIMITS.filter((name) => sources.has(name)).map((name) => placed(name, sources));
    if (idle.length > 0) warnings.push(`without effect, since login-limits is off: ${idle.join(', ')}`);
  }
  if (values['trusted-proxies'].some((network) => network.endsWith('/0'))) {
    warnings.push(
      `${placed('trusted-proxies', sources)} trusts every address: any client can pass itself off as another`,
    );
  }
  return warnings;
}

export function givenIn(sources: Sources): Given {
  return { isGiven: (name) => sources.has(name), place: (name) => placed(name, sources) };
}

function placed(name: OptionName, sources: Sources): string {
  return placeOf(name, sources.get(name) ?? { kind: 'default' });
}

function waysToGive(name: OptionName): string {
  const { environment, format } = optionNamed(name);
  return `flag -${name} ${format.placeholder}, environment variable ${environment} or ${name} in the --config file`;
}
