/** From a raw value to the value of an option, or the fault that says what was expected and where; used by the supervisor. */
import { ConfigurationError } from '../errors.js';
import type { Format, RawValue } from './format.js';
import { type OptionName, optionNamed } from './options.js';
import { asJson, quote } from './quote.js';
import { exampleIn, placeOf, type Source } from './source.js';

/** Throws ConfigurationError, which shows the value unless it is a secret or may be. */
export function readOptionValue(name: OptionName, raw: RawValue, source: Source): unknown {
  const option = optionNamed(name);
  if (raw === '' && option.default === undefined) return undefined;
  const hidden = option.secret || isLikeFlag(raw);
  try {
    const value = valueIn(option.format, raw);
    if (option.format.holds(value)) return value;
  } catch (error) {
    if (!hidden) throw fault(name, source, `: ${(error as RangeError).message}`);
  }
  const given =
    hidden || option.unshown ? '' : `, not ${typeof raw === 'string' ? quote(raw) : quote(asJson(raw)).slice(1, -1)}`;
  throw fault(name, source, ` must be ${option.format.expected}${given}`);
}

/** Where a value was left out the next flag is taken for it, and that may be a mistyped one with a secret. */
function isLikeFlag(raw: RawValue): boolean {
  return typeof raw === 'string' && /^--?[a-z]/i.test(raw);
}

function valueIn(format: Format<unknown>, raw: RawValue): unknown {
  if (typeof raw === 'string') return format.parse(raw);
  return mayHold(format, raw) ? (format.tidy?.(raw) ?? raw) : undefined;
}

/** A number is no text: 0123 would not be what was written. */
function mayHold(format: Format<unknown>, raw: RawValue): boolean {
  return (Array.isArray(raw) ? 'list' : typeof raw) === format.inFile;
}

function fault(name: OptionName, source: Source, reason: string): ConfigurationError {
  return new ConfigurationError(`${placeOf(name, source)}${reason}`, `Write, for example, ${exampleIn(name, source)}.`);
}
