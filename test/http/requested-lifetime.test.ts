/** What a client may ask for as a lifetime, against strconv.Atoi and time.ParseDuration written down a second time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseLifetime, parseMinutes } from '#src/http/requested-lifetime.js';
import { anyText } from '../harness/any-text.js';
import { fc } from '../harness/property.js';

/** In seconds. */
const longest = fc.integer({ min: 1, max: 31_536_000 });
const zeros = fc.nat(30).map((count) => '0'.repeat(count));
const sign = fc.constantFrom('', '', '', '+', '-', '--', ' ');
const digits = fc.oneof(
  fc.integer({ min: 0, max: 600_000 }).map(String),
  fc.bigInt({ min: 2n ** 63n - 3n, max: 2n ** 63n + 3n }).map(String),
  fc.bigInt({ min: 0n, max: 2n ** 80n }).map(String),
);
const tail = fc.constantFrom('', '', '', '', 'e3', '.0', ' ', '\n', '_0', 'm', '\u0661');
const integer = fc.tuple(sign, zeros, digits, tail).map((parts) => parts.join(''));

describe('parseMinutes()', () => {
  it('takes what strconv.Atoi takes, from 1 to the longest', () => {
    fc.assert(
      fc.property(fc.oneof(integer, anyText()), longest, (text, most) => {
        const parsed = parseMinutes(text, most);
        const isInteger =
          /^[+-]?[0-9]+$/.test(text) &&
          BigInt.asIntN(64, BigInt(text.replace('+', ''))) === BigInt(text.replace('+', ''));
        if (!isInteger) return assert.deepEqual(parsed, { fault: `'${text}' is not a valid integer` });
        const minutes = Number(text);
        if (minutes >= 1 && minutes * 60 <= most) return assert.deepEqual(parsed, { seconds: minutes * 60 });
        const said = BigInt(text.replace('+', ''));
        const fault =
          minutes < 1 ? 'is not a positive number of minutes' : 'is greater than the configured token-expiry';
        assert.deepEqual(parsed, { fault: `${said} ${fault}` });
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parseLifetime()', () => {
  const SECONDS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };

  it('is the sum of its hours, minutes and seconds, from 1 s to the longest', () => {
    const part = fc.tuple(fc.nat(2000), fc.constantFrom('h', 'm', 's'));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), longest, (parts, most) => {
        const parsed = parseLifetime(parts.map(([count, unit]) => `${count}${unit}`).join(''), most);
        const seconds = parts.reduce((sum, [count, unit]) => sum + count * (SECONDS[unit] ?? 0), 0);
        if (seconds >= 1 && seconds <= most) assert.deepEqual(parsed, { seconds });
        else assert.ok('fault' in parsed);
      }),
    );
  });

  it('never gives anything but whole seconds within its bounds', () => {
    const nearly = fc.string({ unit: fc.constantFrom(...'0123456789.hmsnuµ'), maxLength: 70 });
    fc.assert(
      fc.property(fc.oneof(nearly, anyText()), longest, (text, most) => {
        const parsed = parseLifetime(text, most);
        if ('fault' in parsed) return assert.notEqual(parsed.fault, '');
        assert.ok(Number.isInteger(parsed.seconds) && parsed.seconds >= 1 && parsed.seconds <= most);
      }),
      { numRuns: 1000 },
    );
  });
});
