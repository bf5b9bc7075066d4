/** The same configuration by flags, environment, YAML and JSON is the same; and what is read is what was meant. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Arbitrary } from 'fast-check';
import { type Format, list } from '#src/config/format.js';
import { type OptionName, optionNamed, optionNames } from '#src/config/options.js';
import { readSettings } from '#src/config/read-settings.js';
import type { Settings } from '#src/config/settings.js';
import { splitArguments } from '#src/config/split-arguments.js';
import { nearest } from '#src/config/suggestion.js';
import { ConfigurationError } from '#src/errors.js';
import { anyText } from '../harness/any-text.js';
import { fc } from '../harness/property.js';

interface Given {
  readonly argv: readonly string[];
  readonly env?: Record<string, string>;
  readonly file?: string;
}

function read({ argv, env = {}, file }: Given): { settings: Settings; printable: string } {
  const readFile = () => ({ content: Buffer.from(file ?? ''), readableByOthers: false });
  const invocation = readSettings({ argv: file === undefined ? argv : ['-config', 'f', ...argv], env, readFile });
  assert.ok('settings' in invocation);
  return invocation;
}

/** As far as it is configuration: not where it came from. */
function meant(given: Given): unknown {
  try {
    const { settings } = read(given);
    return { ...settings, signingKey: settings.signingKey?.bytes().toString() };
  } catch (fault) {
    assert.ok(fault instanceof ConfigurationError, String(fault));
    assert.doesNotMatch(fault.message, /[\p{Cc}\p{Zl}\p{Zp}]/u);
    // The first of several, which need not be the same one.
    return 'a fault';
  }
}

const plain = anyText({ minLength: 1, maxLength: 12 }).filter((text) => !/\p{Cc}/u.test(text));

/** Texts that the option takes, and some that it does not. */
function textFor(name: OptionName): Arbitrary<string> {
  const { format, example } = optionNamed(name) as { format: Format<unknown>; example: string };
  const number = fc.integer({ min: -1, max: 70_000 }).map(String);
  const one: Record<string, Arbitrary<string>> = {
    number: fc.oneof(number, fc.constantFrom('1s', '90s', '10m', '1h30m', '0', '100ms', '007', '1e3')),
    boolean: fc.constantFrom('true', 'false', '1', 'F', 'yes'),
    list: fc.array(plain, { maxLength: 4 }).map((items) => items.join(',')),
    string: fc.oneof(plain, fc.constantFrom('auto', 'json', '127.0.0.1', '::1', '[::1]', 'localhost', '-')),
  };
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant(example.replace(/^"\$.*$/, 'a secret')) },
    one[format.inFile] ?? plain,
  );
}

const inAll = optionNames.filter(
  (name) => optionNamed(name).inFile !== false && optionNamed(name).environment !== undefined,
);
const chosen = fc
  .uniqueArray(fc.constantFrom(...inAll), { maxLength: 6 })
  .chain((names) => fc.tuple(...names.map((name) => textFor(name).map((text) => [name, text] as const))))
  .map((pairs) => {
    const key = pairs.some(([name]) => name === 'signing-key') ? [] : [['signing-key-file', 's'] as const];
    return [...new Map<OptionName, string>([['cert-file', 'c'], ['key-file', 'k'], ...key, ...pairs])];
  });

/** An empty variable is an unset one; an empty value of a flag or in a file is a value. */
const isSame = (pairs: readonly (readonly [OptionName, string])[]) => pairs.every(([, text]) => text !== '');

test('flags, environment, YAML and JSON mean the same', () => {
  fc.assert(
    fc.property(chosen, fc.nat(1), (pairs, dashes) => {
      fc.pre(isSame(pairs));
      const argv = pairs.map(([name, text]) => `${'-'.repeat(1 + dashes)}${name}=${text}`);
      const env = Object.fromEntries(pairs.map(([name, text]) => [optionNamed(name).environment ?? '', text]));
      const json = JSON.stringify(Object.fromEntries(pairs));
      const yaml = pairs.map(([name, text]) => `${name}: ${JSON.stringify(text)}\n`).join('');
      const wanted = meant({ argv });
      for (const given of [
        { argv: [], env },
        { argv: [], file: json },
        { argv: [], file: yaml },
      ]) {
        assert.deepEqual(meant(given), wanted);
      }
    }),
    { numRuns: 150 },
  );
});

test('what --print-config prints is the configuration again, whatever it is', () => {
  fc.assert(
    fc.property(chosen, (pairs) => {
      const argv = pairs.filter(([name]) => name !== 'signing-key').map(([name, text]) => `-${name}=${text}`);
      let first: ReturnType<typeof read>;
      try {
        first = read({ argv });
      } catch (fault) {
        return assert.ok(fault instanceof ConfigurationError);
      }
      const again = read({ argv: [], file: first.printable });
      assert.deepEqual(again.settings, first.settings);
    }),
    { numRuns: 100 },
  );
});

test('a flag beats the environment, which beats the file, option by option', () => {
  const names = ['server-name', 'bind-port', 'audience', 'pam-timeout', 'min-uid'] as const;
  const values = {
    'server-name': ['a', 'b', 'c'],
    'bind-port': ['1', '2', '3'],
    audience: ['a', 'b', 'c'],
    'pam-timeout': ['1s', '2s', '3s'],
    'min-uid': ['1', '2', '3'],
  };
  const places = fc.record(Object.fromEntries(names.map((name) => [name, fc.subarray([0, 1, 2])])));
  fc.assert(
    fc.property(places, (given) => {
      const at = (place: number) =>
        names.filter((name) => given[name]?.includes(place)).map((name) => [name, values[name][place] ?? ''] as const);
      const required = ['-cert-file=c', '-key-file=k', '-signing-key-file=s'];
      const env = Object.fromEntries(at(1).map(([name, value]) => [optionNamed(name).environment ?? '', value]));
      const all = read({
        argv: [...required, ...at(2).map(([name, value]) => `-${name}=${value}`)],
        env,
        file: JSON.stringify(Object.fromEntries(at(0))),
      });
      const strongest = names.flatMap((name) => {
        const place = Math.max(-1, ...(given[name] ?? []));
        return place < 0 ? [] : [`-${name}=${values[name][place]}`];
      });
      assert.deepEqual(all.settings, read({ argv: [...required, ...strongest] }).settings);
    }),
  );
});

test('a comma list and a list in a file are read alike, but for commas within an item', () => {
  const item = anyText({ maxLength: 6 }).filter((text) => !/\p{Cc}/u.test(text));
  fc.assert(
    fc.property(fc.array(item, { maxLength: 70 }), (items) => {
      const parsed = list.parse(items.join(','));
      const tidied = list.tidy?.(items);
      if (items.every((text) => !text.includes(','))) assert.deepEqual(parsed, tidied);
      assert.ok(Array.isArray(tidied) && tidied.every((text) => text !== '' && text === text.trim()));
      if (list.holds(parsed)) assert.deepEqual(list.parse(parsed.join(',')), parsed);
    }),
  );
});

test('splitArguments() leaves out and makes up nothing', () => {
  const word = fc.oneof(
    fc.constantFrom(
      '-own',
      '--own=1',
      '-own=',
      '-v',
      '-server-name',
      '--server-name=x',
      '-disable-mlock',
      '--',
      '-',
      'a',
      '-x=',
      '=',
      '---',
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(word), (argv) => {
      try {
        const { own, operands, ofServe } = splitArguments(argv, ['own']);
        const isOrdered = (some: readonly string[]) => {
          let at = 0;
          for (const one of some) at = at < 0 ? at : argv.indexOf(one, at) + 1 || -1;
          return at >= 0;
        };
        assert.ok(isOrdered(operands) && isOrdered(ofServe));
        const known = operands.length + ofServe.length + own.size;
        assert.ok(known <= argv.length && (own.size > 0 || known >= argv.filter((one) => one !== '--').length));
        assert.ok([...own.keys()].every((name) => name === 'own'));
      } catch (fault) {
        assert.ok(fault instanceof ConfigurationError);
      }
    }),
    { numRuns: 300 },
  );
});

test('nearest() gives a known word that few letters part from the given one, or none', () => {
  const edit = fc.tuple(fc.nat(30), fc.constantFrom(...'abc-'), fc.constantFrom('replace', 'insert', 'remove'));
  fc.assert(
    fc.property(fc.constantFrom(...optionNames), edit, fc.string(), (name, [at, letter, kind], other) => {
      const letters = [...name];
      letters.splice(at % name.length, kind === 'insert' ? 0 : 1, ...(kind === 'remove' ? [] : [letter]));
      if (name.length >= 6) assert.notEqual(nearest(letters.join(''), optionNames), undefined);
      const found = nearest(other, optionNames);
      assert.ok(found === undefined || Math.abs(found.length - other.length) <= found.length / 3);
    }),
  );
});
