import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { optionNamed, optionNames } from '#src/config/options.js';
import { readSettings } from '#src/config/read-settings.js';
import { ConfigurationError } from '#src/errors.js';
import { anyString } from '../harness/any-text.js';
import { fc } from '../harness/property.js';

const SECRET = 'hunter2-hunter2';

/** Whatever comes out, a result or a fault, has no secret in it and is on one line. */
function assertHarmless(argv: readonly string[], env: Record<string, string>, file: string): void {
  const readFile = () => ({ content: Buffer.from(file), readableByOthers: true });
  try {
    const invocation = readSettings({ argv, env, readFile });
    assert.ok(!inspect(invocation, { depth: 9 }).includes(SECRET));
    assert.ok(!JSON.stringify(invocation).includes(SECRET));
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, inspect(error));
    assert.ok(!inspect(error).includes(SECRET), inspect(error));
    assert.doesNotMatch(error.message, /[\p{Cc}\p{Zl}\p{Zp}]/u);
    assert.ok(error.message.length < 1000);
  }
}

const anyText = fc.oneof(
  anyString(),
  fc.constantFrom('', '0', '1', '30s', 'true', 'a,b', '-', '--', '/x', '127.0.0.1', '\u0000', '-1', '1e9'),
);
const dashes = fc.constantFrom('-', '--');
const flag = fc
  .tuple(dashes, fc.constantFrom(...optionNames), fc.option(anyText))
  .map(([dash, name, value]) => `${dash}${name}${value === null ? '' : `=${value}`}`);
const secretFlag = fc.constantFrom(
  ['-signing-key', SECRET],
  [`-signing-key=${SECRET}`],
  ['-signing-key', `${SECRET}\u0007`],
  [`-signing-key ${SECRET}`],
  [`-signing-key:${SECRET}`],
  ['-signing-key', 'first', SECRET],
  ['-signing-key', SECRET.repeat(1000)],
  ['-limits-store', `redis://alice:${SECRET}@redis`],
  [`-limits-store=unix://:${SECRET}@/run/redis.sock`],
  ['-limits-store', `alice:${SECRET}@redis:6379`],
);

test('readSettings() throws nothing but ConfigurationError for any command line, and never shows the secret', () => {
  const pieces = fc.array(fc.oneof(flag, anyText, dashes));
  fc.assert(
    fc.property(pieces, secretFlag, pieces, (before, secret, after) => {
      assertHarmless([...before, ...secret, ...after], {}, '');
      assertHarmless(['-cert-file', 'c', '-key-file', 'k', ...secret, ...after], {}, '');
    }),
    { numRuns: 1000 },
  );
});

test('readSettings() throws nothing but ConfigurationError for any environment, and never shows the secret', () => {
  const names = optionNames.flatMap((name) => optionNamed(name).environment ?? []);
  const environment = fc.dictionary(fc.constantFrom(...names), anyText);
  fc.assert(
    fc.property(environment, (env) => {
      assertHarmless([], { PAMHOOK_TLS_CERT_FILE: 'c', ...env, PAMHOOK_SIGNING_KEY: SECRET }, '');
      assertHarmless(['-key-file', 'k'], { ...env, PAMHOOK_SIGNING_KEY: `${SECRET}\u0007` }, '');
    }),
    { numRuns: 500 },
  );
});

test('readSettings() throws nothing but ConfigurationError for any file, and never shows the secret', () => {
  const argv = ['-config', 'f', '-cert-file', 'c', '-key-file', 'k'];
  const value = fc.jsonValue({ maxDepth: 3 });
  const json = fc
    .dictionary(fc.oneof(fc.constantFrom(...optionNames), fc.string()), value)
    .map((file) => JSON.stringify({ ...file, 'signing-key': SECRET }));
  const wrongSecret = fc
    .constantFrom([SECRET], { [SECRET]: 1 }, [[SECRET]], `${SECRET}\u0000`, SECRET.repeat(1000))
    .chain((key) => fc.constantFrom({ 'signing-key': key }, { 'limits-store': key }))
    .map((file) => JSON.stringify(file));
  const broken = fc
    .tuple(fc.string({ unit: fc.constantFrom(...'{}[]:,"\'&*!|>-? \n\ta1#%@') }), fc.integer({ min: 0, max: 20 }))
    .map(([noise, at]) => `${noise.slice(0, at)}\nsigning-key: ${SECRET}\n${noise.slice(at)}`);
  fc.assert(
    fc.property(fc.oneof(json, wrongSecret, broken), (file) => assertHarmless(argv, {}, file)),
    { numRuns: 1000 },
  );
});
