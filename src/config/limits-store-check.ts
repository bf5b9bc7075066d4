/** What the options of limits-store do not show alone; checked by the supervisor. */
import { ConfigurationError } from '../errors.js';
import type { OptionName, OptionValues } from './options.js';
import { parseStoreUrl, type StoreAddress } from './store-url.js';

const IDLE_WITHOUT = [
  'limits-store-username',
  'limits-store-password-file',
  'limits-store-ca-file',
  'limits-store-prefix',
  'limits-store-timeout',
  'limits-store-run-as',
] as const;

export interface Given {
  isGiven(name: OptionName): boolean;
  /** Where, in words. */
  place(name: OptionName): string;
}

/** What would look safer than it is does not start. Throws ConfigurationError. */
export function checkLimitsStore(values: OptionValues, { place }: Given): void {
  const store = values['limits-store'];
  if (store === undefined) return;
  if (values['limits-store-username'] !== undefined && values['limits-store-password-file'] === undefined) {
    throw new ConfigurationError(
      `${place('limits-store-username')} needs limits-store-password-file`,
      'Give the file with the password of that user.',
    );
  }
  if (values['limits-store-ca-file'] !== undefined && !isTls(parseStoreUrl(store))) {
    throw new ConfigurationError(
      `${place('limits-store-ca-file')} is for TLS, and ${place('limits-store')} does not begin with rediss://`,
      'Write rediss://, or leave the file out.',
    );
  }
}

/** One sentence each. */
export function warningsAboutLimitsStore(values: OptionValues, { isGiven, place }: Given): string[] {
  const store = values['limits-store'];
  if (store === undefined) {
    const idle = IDLE_WITHOUT.filter(isGiven).map(place);
    return idle.length > 0 ? [`without effect, since limits-store is not set: ${idle.join(', ')}`] : [];
  }
  if (values['login-limits'] === 'off') return [`without effect, since login-limits is off: ${place('limits-store')}`];
  const address = parseStoreUrl(store);
  const isOpen = address.kind === 'tcp' && !address.tls && !isLoopback(address.host);
  return isOpen
    ? [`${place('limits-store')} is without TLS: who is on the way can read the password and change the counts`]
    : [];
}

function isTls(address: StoreAddress): boolean {
  return address.kind === 'tcp' && address.tls;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);
}
