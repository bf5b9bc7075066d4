/** How token-expires-in and max-lifetime bound each other; checked by the supervisor. */
import { ConfigurationError } from '../errors.js';
import { formatDuration } from './duration.js';
import type { Given } from './limits-store-check.js';
import type { OptionValues } from './options.js';

const MINUTE = 60_000;

/** A token must not live longer by default than anybody may ask for. Throws ConfigurationError. */
export function checkLifetimes(values: OptionValues, { isGiven, place }: Given): void {
  const most = values['max-lifetime'];
  if (most === undefined || !isGiven('token-expires-in') || values['token-expires-in'] * MINUTE <= most) return;
  throw new ConfigurationError(
    `${place('token-expires-in')} must not be more than max-lifetime, which is ${formatDuration(most)}`,
    'Lower it, or raise max-lifetime.',
  );
}

/** The values with a token-expires-in that nobody gave lowered to max-lifetime. */
export function boundLifetime(values: OptionValues, { isGiven }: Pick<Given, 'isGiven'>): OptionValues {
  const most = values['max-lifetime'];
  if (most === undefined || isGiven('token-expires-in')) return values;
  return { ...values, 'token-expires-in': Math.min(values['token-expires-in'], Math.floor(most / MINUTE)) };
}
