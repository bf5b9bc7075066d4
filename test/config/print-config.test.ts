import assert from 'node:assert/strict';
import { test } from 'node:test';
import { optionNamed, optionNames } from '#src/config/options.js';
import { readSettings } from '#src/config/read-settings.js';
import { fc } from '../harness/property.js';

function read(argv: readonly string[], file: string, env: Record<string, string> = {}) {
  const readFile = () => ({ content: Buffer.from(file), readableByOthers: false });
  const invocation = readSettings({ argv: [...argv, '-config', 'f.yaml'], env, readFile });
  assert.ok('settings' in invocation);
  return invocation;
}

const TLS = ['-cert-file', 'c', '-key-file', 'k'];

test('print-config shows every option that a file may hold, with its value and where that came from', () => {
  const { printable } = read([...TLS, '-signing-key-file', 's'], 'pam-timeout: 90s', { PAMHOOK_AUDIENCE: 'a,b' });
  assert.match(printable, /^pam-timeout: "1m30s" +# pam-timeout in f\.yaml$/m);
  assert.match(printable, /^audience: \["a","b"\] +# environment variable PAMHOOK_AUDIENCE$/m);
  assert.match(printable, /^cert-file: "c" +# flag -cert-file$/m);
  assert.match(printable, /^bind-port: 8080 +# default$/m);
  assert.match(printable, /^# run-as: +# not set \(default\)$/m);
  for (const name of optionNames.filter((name) => optionNamed(name).inFile !== false)) {
    assert.match(printable, new RegExp(`^(# )?${name}:`, 'm'));
  }
});

test('print-config shows secrets as [redacted], from wherever they came', () => {
  const invocations = [
    read([...TLS, '-signing-key', 'hunter2'], ''),
    read(TLS, '', { PAMHOOK_SIGNING_KEY: 'hunter2' }),
    read(TLS, 'signing-key: hunter2'),
  ];
  for (const { printable } of invocations) {
    assert.match(printable, /^signing-key: "\[redacted\]" +# .*signing.key/im);
    assert.doesNotMatch(printable, /hunter2/);
  }
});

test('what print-config prints is a file that means the same', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((given) => !/\p{Cc}/u.test(given));
  fc.assert(
    fc.property(text, fc.integer({ min: 100, max: 60_000 }), fc.boolean(), (name, delay, flag) => {
      const argv = ['-server-name', name, '-run-as', name, '-audience', name, `-refusal-delay=${delay}ms`];
      const first = read([...TLS, '-signing-key-file', 's', ...argv, `-disable-mlock=${flag}`], '');
      assert.deepEqual(read([], first.printable).settings, first.settings);
    }),
    { numRuns: 200 },
  );
});

test('print-config has nothing in it that a terminal would obey', () => {
  const { printable } = read([...TLS, '-signing-key-file', 's', '-server-name', 'a\u202eb\u2028c'], '');
  assert.match(printable, /^server-name: "a\\u202eb\\u2028c" /m);
});
