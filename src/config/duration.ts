/** Durations in Go's notation (time.ParseDuration), such as `1h30m` or `500ms`: read by the daemon and the client commands. */
import { quote } from './quote.js';

const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const LONGEST_TEXT = 64;
/** Go's time.Duration is a signed 64-bit count of nanoseconds. */
const LONGEST = 2n ** 63n - 1n;
const PART = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/y;

/**
 * The milliseconds of a duration such as `1h30m`, `1.5h`, `90s`, `500ms`; `0` needs no unit.
 * Throws RangeError, naming the value: no unit, a sign, not whole milliseconds, longer than Go's 292 years or 64 characters.
 */
export function parseDuration(text: string): number {
  if (text === '0') return 0;
  if (text.length > LONGEST_TEXT) throw new RangeError(`${quote(text)} is too long for a duration`);
  if (/^[\d.]+$/.test(text)) throw new RangeError(`${quote(text)} has no unit: write it as 500ms, 90s, 10m or 1h30m`);
  const total = sumOfParts(text);
  if (total === undefined) throw new RangeError(`${quote(text)} is not a duration such as 500ms, 90s, 10m or 1h30m`);
  if (total > LONGEST) throw new RangeError(`${quote(text)} is too long a duration`);
  if (total % 1_000_000n !== 0n) throw new RangeError(`${quote(text)} is not a whole number of milliseconds`);
  return Number(total / 1_000_000n);
}

/** Nanoseconds; undefined when the text is not made of numbers with units. Whole numbers throughout: 1.1 s is no binary fraction. */
function sumOfParts(text: string): bigint | undefined {
  let total = 0n;
  let end = 0;
  while (end < text.length || end === 0) {
    PART.lastIndex = end;
    const [, whole = '', fraction = '', unit = ''] = PART.exec(text) ?? [];
    const factor = NANOSECONDS[unit];
    if (factor === undefined || whole + fraction === '') return undefined;
    total += (BigInt(whole + fraction) * factor * 1_000_000_000n) / 10n ** BigInt(fraction.length + 9);
    end = PART.lastIndex;
  }
  return total;
}

/** The shortest text that `parseDuration` reads as these milliseconds: `1h30m`, `500ms`, `0s`. */
export function formatDuration(milliseconds: number): string {
  const parts: string[] = [];
  let rest = milliseconds;
  for (const [unit, size] of [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
    ['ms', 1],
  ] as const) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.join('') || '0s';
}
