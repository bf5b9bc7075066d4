/** The two ways to ask for a lifetime: `token-expires-in`, by pam_hook's rules and in its words, and `lifetime`; parsed by the front. */
import { formatDuration, parseDuration } from '../config/duration.js';

export type RequestedLifetime = { readonly seconds: number } | { readonly fault: string };

/** What Go's strconv.Atoi takes. */
const INTEGER = /^[+-]?[0-9]+$/;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** Whole minutes, at least 1 and at most `longest` seconds. */
export function parseMinutes(text: string, longest: number): RequestedLifetime {
  const minutes = parseInt64(text);
  if (minutes === undefined) return { fault: `'${text}' is not a valid integer` };
  if (minutes * 60n > BigInt(longest)) return { fault: `${minutes} is greater than the configured token-expiry` };
  if (minutes <= 0n) return { fault: `${minutes} is not a positive number of minutes` };
  return { seconds: Number(minutes) * 60 };
}

/** Go's notation, in whole seconds from 1 to `longest`. */
export function parseLifetime(text: string, longest: number): RequestedLifetime {
  const milliseconds = millisecondsOf(text);
  if (milliseconds === undefined || milliseconds % 1000 !== 0) {
    return { fault: `'${text}' is not a duration in whole seconds, such as 90s, 10m or 1h30m` };
  }
  const shown = formatDuration(milliseconds);
  if (milliseconds > longest * 1000) return { fault: `${shown} is greater than the configured token-expiry` };
  if (milliseconds === 0) return { fault: `${shown} is not a positive duration` };
  return { seconds: milliseconds / 1000 };
}

function millisecondsOf(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}

function parseInt64(text: string): bigint | undefined {
  // BigInt takes time that grows with the square of the length; 64 bits are 19 digits, whatever zeros lead.
  const digits = text.replace(/^([+-]?)0+(?=[0-9])/, '$1');
  if (!INTEGER.test(text) || digits.length > 20) return undefined;
  const value = BigInt(digits.replace('+', ''));
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
}
