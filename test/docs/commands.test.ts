/** docs/commands.md and docs/operating.md hold what the commands really print and do: their examples are run. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { INIT_USAGE } from '#src/cli/init/arguments.js';
import { runInit } from '#src/cli/init.js';
import { KEYS_USAGE } from '#src/cli/keys/arguments.js';
import { runKeys } from '#src/cli/keys.js';
import { VERIFY_USAGE } from '#src/cli/verify/arguments.js';
import { examine } from '#src/cli/verify/examination.js';
import { examinationText } from '#src/cli/verify/report.js';
import { readSettings } from '#src/config/read-settings.js';
import { parseSigningKey } from '#src/keys/key-material.js';
import { importSigningMaterial } from '#src/keys/signer.js';
import { MAIN } from '../daemon/daemon-harness.js';
import { scratchDirectory } from '../harness/scratch.js';
import { es256 } from '../keys/generated-keys.js';

const page = (name: string) => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
const COMMANDS = page('commands.md');
/** The examples: a command, and what it prints. */
const examples = [...COMMANDS.matchAll(/^```console\n\$ (.*)\n([\s\S]*?)^```$/gm)].map(
  ([, command = '', printed = '']) => ({
    command,
    printed,
  }),
);

/** Keys are told apart by the order in which they appear. */
function withoutKids(texts: readonly string[]): string[] {
  const kids = new Map<string, string>();
  const nameOf = (kid: string) => {
    if (!kids.has(kid)) kids.set(kid, `kid-${kids.size}`.padEnd(43, '.'));
    return kids.get(kid) ?? '';
  };
  return texts.map((text) => text.replaceAll(/(?<![\w-])[\w-]{43}(?![\w-])/g, nameOf));
}

for (const [name, usage] of Object.entries({ init: INIT_USAGE, keys: KEYS_USAGE, verify: VERIFY_USAGE })) {
  test(`docs/commands.md has the help of ${name} word for word`, () => {
    assert.ok(COMMANDS.includes(`\`\`\`text\n${usage}\`\`\`\n`));
  });
}

test('the examples of init and keys print what docs/commands.md says', async (t) => {
  const dir = join(scratchDirectory(t), 'keys');
  let now = Date.UTC(2026, 10, 22);
  let due = now;
  const printed: string[] = [];
  const shown = examples.filter(({ command }) => /^pamhook (?:init|keys) /.test(command));
  for (const { command, printed: text } of shown) {
    const [, name, ...argv] = command.replace('/etc/pamhook', dir).split(' ');
    if (argv[0] === 'rotate') now = due;
    let stdout = '';
    const io = { stdout: { write: (part: string) => (stdout += part) }, stderr: process.stderr };
    await (name === 'init' ? runInit(argv, io) : runKeys(argv, io, () => now));
    printed.push(stdout.replaceAll(dir, '/etc/pamhook'));
    due = Date.parse(/^call again at (\S+)/m.exec(text)?.[1] ?? new Date(due).toISOString());
  }
  assert.equal(printed.length, 5);
  assert.deepEqual(withoutKids(printed), withoutKids(shown.map((example) => example.printed)));
});

test('the example of verify prints what docs/commands.md says', async () => {
  const now = Date.UTC(2026, 10, 23, 1);
  const iat = now / 1000 - 120;
  const jti = '0d9c4f1e-6d0e-4b8e-9a53-6f1f6a0f8f3e';
  const claims = { username: 'alice', sub: 'alice', uid: '20001', iat, nbf: iat, exp: iat + 600, jti };
  const token = importSigningMaterial(es256.parsed.signing).sign(claims);
  const flags = ['-signing-key-file', '/etc/pamhook/signing-key.pem'];
  const invocation = readSettings({ argv: flags, env: {}, purpose: 'verify' });
  assert.ok('settings' in invocation);
  const { settings } = invocation;
  const examination = await examine(token, [], {
    keys: [{ origin: '/etc/pamhook/signing-key.pem', material: es256.parsed.verification }],
    settings,
    identities: { find: async () => ({ username: 'alice', uid: '20001', groups: ['alice', 'developers'] }) },
    now: () => now,
  });
  const [example] = examples.filter(({ command }) => command.startsWith('pamhook verify '));
  assert.deepEqual(withoutKids([examinationText(examination, now)]), withoutKids([example?.printed ?? '']));
});

test('the script for replicas in docs/operating.md takes a step for done only when both Secrets were applied', async (t) => {
  const scratch = scratchDirectory(t);
  const keys = join(scratch, 'keys');
  const down = join(scratch, 'down');
  const applied = join(scratch, 'applied');
  const tool = (name: string, lines: readonly string[]) => {
    writeFileSync(join(scratch, 'bin', name), ['#!/bin/sh', ...lines, ''].join('\n'));
    chmodSync(join(scratch, 'bin', name), 0o755);
  };
  mkdirSync(join(scratch, 'bin'));
  tool('pamhook', [`exec ${process.execPath} ${MAIN} "$@"`]);
  // `create` says what the Secret holds, `apply` keeps that unless the cluster is down.
  tool('kubectl', [
    'case $1 in',
    'create) for a in "$@"; do case $a in --from-file=*) echo "$a" | cut -d= -f2 | xargs ls;; esac; done;;',
    `apply) [ ! -e ${down} ] || exit 1; cat >> ${applied};;`,
    'esac',
  ]);
  const script = (/^```sh\n([\s\S]*?)^```$/m.exec(page('operating.md'))?.[1] ?? '')
    .replace('/var/lib/pamhook/keys', keys)
    .replace('--publish-for 10m', '--publish-for 1s');
  const env = { PATH: `${join(scratch, 'bin')}:${process.env['PATH']}` };
  const runScript = () => promisify(execFile)('sh', ['-c', script], { env });

  mkdirSync(keys, { mode: 0o755 });
  writeFileSync(join(keys, 'signing-key.pem'), es256.contents, { mode: 0o600 });
  writeFileSync(down, '');
  await assert.rejects(runScript());
  assert.deepEqual(readdirSync(keys), ['signing-key.pem']);

  await promisify(execFile)('rm', [down]);
  await runScript();
  const [next = ''] = readdirSync(join(keys, 'next'));
  assert.match(readFileSync(applied, 'utf8'), new RegExp(`^${next}\n[\\s\\S]*signing-key\\.pem\n$|\n${next}\n`, 'm'));
  const signing = () => parseSigningKey(readFileSync(join(keys, 'signing-key.pem')), 'key').kid;
  assert.equal(signing(), es256.parsed.kid);

  writeFileSync(down, '');
  while (!existsSync(join(`${keys}.new`, 'signing-key.pem')) || readdirSync(join(`${keys}.new`, 'next')).length > 0) {
    await assert.rejects(runScript());
  }
  assert.equal(signing(), es256.parsed.kid);
  await promisify(execFile)('rm', [down]);
  await runScript();
  assert.equal(`${signing()}.pem`, next);
  assert.deepEqual(readdirSync(scratch).sort(), ['applied', 'bin', 'keys']);
});
