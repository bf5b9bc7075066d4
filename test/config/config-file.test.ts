import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LONGEST_CONFIG_FILE, parseConfigFile, readBounded } from '#src/config/config-file.js';

function faultOf(content: string | Buffer): string {
  try {
    parseConfigFile(Buffer.from(content), 'f');
  } catch (error) {
    assert.ok(error instanceof Error);
    assert.equal(error.name, 'ConfigurationError');
    assert.doesNotMatch(error.message, /hunter2/);
    return error.message;
  }
  return assert.fail('nothing was thrown');
}

test('parseConfigFile() reads YAML and JSON alike', () => {
  const wanted = new Map<string, unknown>([
    ['bind-port', 6443],
    ['audience', ['a', 'b']],
  ]);
  assert.deepEqual(parseConfigFile(Buffer.from('bind-port: 6443\naudience: [a, b]\n'), 'f'), wanted);
  assert.deepEqual(parseConfigFile(Buffer.from('{"bind-port": 6443, "audience": ["a", "b"]}'), 'f'), wanted);
});

test('parseConfigFile() takes an empty file for one without options', () => {
  for (const content of ['', '# nothing\n', '---\n', '{}', 'null']) {
    assert.equal(parseConfigFile(Buffer.from(content), 'f').size, 0);
  }
});

test('parseConfigFile() refuses what is not YAML with the line, and never shows the file', () => {
  assert.equal(
    faultOf('bind-port: 1\nsigning-key: "hunter2\n'),
    'configuration file f line 3 is not valid YAML or JSON (MISSING_CHAR)',
  );
  assert.match(faultOf('{"signing-key": "hunter2"'), /^configuration file f line \d is not valid/);
  assert.match(faultOf('signing-key: !hunter2 x'), /TAG_RESOLVE_FAILED/);
  assert.equal(faultOf('signing-key:hunter2'), 'configuration file f must hold options, one `name: value` a line');
  assert.equal(
    faultOf('{signing-key:hunter2}'),
    'configuration file f has an unknown key "signing-key…": did you mean signing-key?',
  );
  assert.match(faultOf('- hunter2'), /must hold options/);
  assert.equal(faultOf(Buffer.from([0x76, 0x3a, 0x20, 0xff])), 'configuration file f is not UTF-8 text');
});

test('parseConfigFile() refuses duplicate keys, in YAML and JSON', () => {
  assert.match(faultOf('v: 1\nv: 2'), /line 2 is not valid YAML or JSON \(DUPLICATE_KEY\)/);
  assert.match(faultOf('{"v": 1, "v": 2}'), /DUPLICATE_KEY/);
});

test('parseConfigFile() refuses unknown keys and those that are only flags', () => {
  assert.equal(faultOf('bind-prot: 1'), 'configuration file f has an unknown key "bind-prot": did you mean bind-port?');
  for (const key of ['config', 'print-config', 'help', 'version']) {
    assert.equal(faultOf(`${key}: x`), `configuration file f has an unknown key "${key}", which is only a flag`);
  }
  assert.match(faultOf('__proto__: { v: 1 }'), /unknown key "__proto__"/);
  assert.match(faultOf('<<: { v: 1 }'), /unknown key/);
  assert.match(faultOf('? [v]\n: 1'), /unknown key/);
});

test('parseConfigFile() refuses aliases, so that a small file cannot stand for a large one', () => {
  assert.equal(faultOf('v: &a 1\nbind-port: *a'), 'configuration file f has an alias (*name), which is not taken');
  const bomb = Array.from({ length: 30 }, (_, i) => `- &a${i + 1} [*a${i}, *a${i}]`).join('\n');
  assert.match(faultOf(`audience:\n- &a0 [x]\n${bomb}`), /alias/);
});

test('parseConfigFile() refuses a second document, which would be left out', () => {
  assert.match(faultOf('v: 1\n---\nbind-port: 6443\n'), /line 2 is not valid YAML or JSON \(MULTIPLE_DOCS\)/);
});

test('parseConfigFile() refuses nesting without end, in every form', () => {
  const deep = 100_000;
  for (const piece of ['[', '{a:', '- ', '? ', '[{']) {
    assert.equal(faultOf(piece.repeat(deep)), 'configuration file f is nested too deeply');
  }
  const indented = Array.from({ length: 500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n');
  assert.equal(faultOf(indented), 'configuration file f is nested too deeply');
});

test('parseConfigFile() refuses more than 1 MiB', () => {
  const largest = Buffer.alloc(LONGEST_CONFIG_FILE, '#');
  assert.equal(parseConfigFile(largest, 'f').size, 0);
  assert.equal(
    faultOf(Buffer.alloc(LONGEST_CONFIG_FILE + 1, '#')),
    'configuration file f is larger than 1048576 bytes',
  );
});

test('readBounded() reads no more than the limit and one byte, even of a file without end', () => {
  assert.equal(readBounded('/dev/zero', 100).content.length, 101);
});

test('readBounded() tells whether others may read the file', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'pamhook-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'f');
  writeFileSync(path, 'v: 1', { mode: 0o600 });
  assert.deepEqual(readBounded(path, 100), { content: Buffer.from('v: 1'), readableByOthers: false });
  writeFileSync(join(directory, 'g'), 'v: 1', { mode: 0o644 });
  assert.equal(readBounded(join(directory, 'g'), 100).readableByOthers, true);
});
