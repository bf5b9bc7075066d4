import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, parseDuration } from '#src/config/duration.js';
import { anyString } from '../harness/any-text.js';
import { fc } from '../harness/property.js';

const known: ReadonlyArray<readonly [text: string, milliseconds: number]> = [
  ['0', 0],
  ['0s', 0],
  ['500ms', 500],
  ['90s', 90_000],
  ['10m', 600_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['.5s', 500],
  ['1.s', 1_000],
  ['1.1s', 1_100],
  ['1h1ms', 3_600_001],
  ['2000us', 2],
  ['2000µs', 2],
  ['2000μs', 2],
  ['3000000ns', 3],
  ['1m1m', 120_000],
];

for (const [text, milliseconds] of known) {
  test(`parseDuration() reads ${text} as Go does`, () => {
    assert.equal(parseDuration(text), milliseconds);
  });
}

const refused: ReadonlyArray<readonly [text: string, reason: RegExp]> = [
  ['30', /"30" has no unit/],
  ['1.5', /"1.5" has no unit/],
  ['', /"" is not a duration/],
  ['s', /"s" is not a duration/],
  ['.s', /not a duration/],
  ['-1s', /"-1s" is not a duration/],
  ['+1s', /not a duration/],
  ['1d', /not a duration/],
  ['1S', /not a duration/],
  ['1s ', /not a duration/],
  ['1s 1m', /not a duration/],
  ['1h30', /not a duration/],
  ['1e3s', /not a duration/],
  ['constructor', /not a duration/],
  ['1toString', /not a duration/],
  ['500us', /"500us" is not a whole number of milliseconds/],
  ['0.0001s', /not a whole number/],
  ['2562048h', /too long a duration/],
  [`${'1'.repeat(64)}s`, /too long for a duration/],
];

for (const [text, reason] of refused) {
  test(`parseDuration() refuses ${JSON.stringify(text)} and shows it`, () => {
    assert.throws(() => parseDuration(text), { name: 'RangeError', message: reason });
  });
}

const NANOSECONDS = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 10n ** 6n,
  s: 10n ** 9n,
  m: 60n * 10n ** 9n,
  h: 3600n * 10n ** 9n,
};

test('parseDuration() sums up what Go does: each part in nanoseconds, what is less than one cut off', () => {
  const digits = fc.oneof(
    fc.nat(10_000).map(String),
    fc.bigInt({ min: 0n, max: 2n ** 70n }).map(String),
    fc.constantFrom('', '0', '000', '000000000000001', '9223372036854775807', '9223372036854'),
  );
  const unit = fc.constantFrom(...(Object.keys(NANOSECONDS) as (keyof typeof NANOSECONDS)[]));
  const part = fc.tuple(digits, fc.option(digits, { nil: undefined }), unit);
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
      // `0m` and `s` together are milliseconds.
      fc.pre(parts.every(([whole, fraction], index) => index === 0 || whole !== '' || fraction !== undefined));
      const text = parts
        .map(([whole, fraction, of]) => `${whole}${fraction === undefined ? '' : `.${fraction}`}${of}`)
        .join('');
      const isWritten = text.length <= 64 && parts.every(([whole, fraction = '']) => whole + fraction !== '');
      const nanoseconds = parts.reduce((sum, [whole, fraction = '', of]) => {
        const rest = (BigInt(fraction || 0) * NANOSECONDS[of]) / 10n ** BigInt(fraction.length);
        return sum + BigInt(whole || 0) * NANOSECONDS[of] + rest;
      }, 0n);
      const isTaken = isWritten && nanoseconds < 2n ** 63n && nanoseconds % 10n ** 6n === 0n;
      if (isTaken) assert.equal(parseDuration(text), Number(nanoseconds / 10n ** 6n));
      else assert.throws(() => parseDuration(text), RangeError);
    }),
    { numRuns: 2000 },
  );
});

test('formatDuration() writes what parseDuration() reads', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (milliseconds) => {
      assert.equal(parseDuration(formatDuration(milliseconds)), milliseconds);
    }),
  );
});

test('parseDuration() gives a whole number of milliseconds or throws a RangeError, on one short line', () => {
  const nearly = fc.string({ unit: fc.constantFrom(...'0123456789.hmsnuµ -\n'), maxLength: 80 });
  fc.assert(
    fc.property(fc.oneof(anyString(), nearly), (text) => {
      try {
        const milliseconds = parseDuration(text);
        assert.ok(Number.isSafeInteger(milliseconds) && milliseconds >= 0);
      } catch (error) {
        assert.ok(error instanceof RangeError);
        assert.doesNotMatch(error.message, /[\p{Cc}\p{Zl}\p{Zp}]/u);
        assert.ok(error.message.length < 700);
      }
    }),
  );
});
