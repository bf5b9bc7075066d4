import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { helpText } from '#src/config/help.js';
import { readOptionValue } from '#src/config/option-value.js';
import { optionNamed, optionNames } from '#src/config/options.js';
import { version } from '#src/config/version.js';

test('helpText() has every option with its environment name, default and example, within 100 columns', () => {
  const text = helpText();
  const entries = text.split('\n\n');
  for (const name of optionNames) {
    const entry = entries.find((paragraph) => new RegExp(`^  -${name}( |$)`, 'm').test(paragraph)) ?? '';
    assert.match(entry, /Default: \S/, name);
    assert.match(entry, new RegExp(`Example: -${name}[ =]\\S`), name);
    assert.ok(entry.includes(optionNamed(name).environment ?? ''), name);
  }
  for (const line of text.split('\n')) {
    assert.ok(line.length <= 100, line);
    assert.equal(line, line.trimEnd());
  }
});

test('every example and every default of the table is a value that its option takes', () => {
  for (const name of optionNames) {
    const { example, default: value, format } = optionNamed(name);
    assert.ok(readOptionValue(name, example, { kind: 'flag' }) !== undefined, name);
    assert.ok(value === undefined || format.holds(value), name);
  }
});

test('the environment names are those of pam_hook, and the newer ones follow from the flag', () => {
  const ofPamHook: Record<string, string> = {
    'cert-file': 'PAMHOOK_TLS_CERT_FILE',
    'key-file': 'PAMHOOK_TLS_KEY_FILE',
    'server-name': 'PAMHOOK_SERVERNAME',
  };
  const without = ['v', 'logtostderr', 'alsologtostderr', 'log_dir', 'stderrthreshold', 'vmodule', 'log_backtrace_at'];
  for (const name of optionNames) {
    const derived = `PAMHOOK_${name.toUpperCase().replaceAll('-', '_')}`;
    const none = [...without, 'print-config', 'help', 'version'].includes(name);
    assert.equal(optionNamed(name).environment, none ? undefined : (ofPamHook[name] ?? derived));
  }
});

test('version is that of the package', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  assert.equal(version, manifest.version);
});
