/** Findings that the test machine cannot be broken for: swap, clock, shadow, a user database that hangs. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { accountFindings, shadowFinding } from '#src/cli/check/accounts.js';
import { clockFinding } from '#src/cli/check/files.js';
import { type Finding, type Setup, subjects } from '#src/cli/check/finding.js';
import { swapFinding } from '#src/cli/check/memory.js';
import { holderOf } from '#src/cli/check/port.js';
import { textReport } from '#src/cli/check/report.js';
import { UnavailableError } from '#src/errors.js';
import type { Native } from '#src/native/native.js';
import { scratchDirectory } from '../../harness/scratch.js';

const isRoot = process.getuid?.() === 0;
const SWAPS = 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n';

test('swap that is on is warned of by name', () => {
  assert.equal(swapFinding(SWAPS).level, 'ok');
  assert.equal(swapFinding('').level, 'ok');
  const on = swapFinding(
    `${SWAPS}/dev/sda2                               partition\t8388604\t\t0\t\t-2\n/swapfile file 1 0 -3\n`,
  );
  assert.equal(on.level, 'warning');
  assert.match(on.says, /\/dev\/sda2, \/swapfile/);
  assert.match(on.cure ?? '', /MemorySwapMax=0/);
});

test('a clock that was never set is a fault', () => {
  assert.equal(clockFinding(0).level, 'fault');
  assert.equal(clockFinding(Date.UTC(2026, 0, 1) - 1).level, 'fault');
  assert.equal(clockFinding(Date.UTC(2026, 0, 1)).level, 'ok');
  assert.match(clockFinding(Date.now(), true).says, /synchronized/);
});

test('shadow matters where pam_unix is asked: a fault for root, a warning for others', (t) => {
  const directory = scratchDirectory(t);
  const shadow = join(directory, 'shadow');
  assert.equal(shadowFinding({ isRoot: true }, false, shadow).level, 'ok');
  const missing = shadowFinding({ isRoot: true }, true, shadow);
  assert.equal(missing.level, 'fault');
  assert.match(missing.cure ?? '', /mount/);
  assert.match(shadowFinding({ isRoot: false }, true, shadow).says, /only the password of this user/);
  assert.equal(shadowFinding({ isRoot: false }, true, shadow).level, 'warning');
  writeFileSync(shadow, '');
  assert.equal(shadowFinding({ isRoot: false }, true, shadow).level, 'ok');
});

test('shadow that this user may not read is a warning', { skip: isRoot ? 'needs an ordinary user' : false }, (t) => {
  const shadow = join(scratchDirectory(t), 'shadow');
  writeFileSync(shadow, '');
  chmodSync(shadow, 0);
  assert.equal(shadowFinding({ isRoot: false }, true, shadow).level, 'warning');
});

function accounts(lookupUser: Native['lookupUser'], patience?: number): Promise<Finding[]> {
  const native = { lookupUser, groupsOf: async () => ({ names: ['root'], nameless: [] }) } as unknown as Native;
  const settings = { runAs: undefined, identityTimeout: 5_000 } as Setup['settings'];
  return accountFindings({ settings, native, isRoot: true }, patience);
}

test('a user database that does not answer in time is a fault, with a cure', async () => {
  const found = await accounts(() => new Promise(() => {}), 20);
  assert.deepEqual(
    found.map(({ level }) => level),
    ['fault', 'fault'],
  );
  for (const { says, cure } of found) {
    assert.match(says, /did not answer in 0\.02 s/);
    assert.match(cure ?? '', /nsswitch\.conf/);
  }
});

test('a user database that fails is a fault that names the error', async () => {
  const cause = new Error('getpwnam_r: EIO');
  const found = await accounts(async () => {
    throw new UnavailableError('ERR_NSS_FAILED', 'the user could not be looked up', { cause });
  });
  const faults = found.filter(({ level }) => level === 'fault');
  assert.equal(faults.length, 2);
  assert.ok(faults.every(({ says, cure }) => says.includes('EIO') && cure !== undefined));
});

test('a user database that fails for pamhook alone leaves the front to nobody, with a warning', async () => {
  const found = await accounts(async (name) => {
    if (name === 'pamhook') throw new UnavailableError('ERR_NSS_FAILED', 'the user could not be looked up');
    return { name, uid: 65_534, gid: 65_534 };
  });
  const [, ...warnings] = found;
  assert.match(warnings[0]?.says ?? '', /cannot be told/);
  assert.ok(warnings.every(({ level }) => level === 'warning'));
});

test('the front running as nobody is warned of, and an account pamhook is fine', async () => {
  const root = { name: 'root', uid: 0, gid: 0 };
  const nobody = { name: 'nobody', uid: 65_534, gid: 65_534 };
  const [, warned] = await accounts(async (name) => (name === 'root' ? root : name === 'nobody' ? nobody : undefined));
  assert.deepEqual([warned?.level, warned?.cure], ['warning', 'adduser --system --group pamhook']);
  const [, fine] = await accounts(async (name) => (name === 'root' ? root : { name, uid: 500, gid: 500 }));
  assert.deepEqual([fine?.level, fine?.says], ['ok', 'the front will run as uid 500']);
});

test('the process that holds a port is found, and for a free port none', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '::1', resolve));
  const { port } = server.address() as { port: number };
  assert.equal(holderOf(port)?.pid, process.pid);
  await new Promise((resolve) => server.close(resolve));
  assert.equal(holderOf(port), undefined);
});

test('what a path or a module says can neither forge a line nor move the cursor', () => {
  const text = textReport(
    [{ level: 'fault', subject: 'port', says: 'a\n  ok   b\u001b[2J\u202e', cure: 'c\rd' }],
    undefined,
  );
  assert.equal(text, 'FAULT  port               a   ok   b [2J . Cure: c d\n\n1 fault, 0 warnings.\n');
});

test('docs/commands.md tells what each subject is about', () => {
  const page = readFileSync(new URL('../../../../docs/commands.md', import.meta.url), 'utf8');
  for (const [subject, meaning] of Object.entries(subjects)) {
    assert.ok(page.includes(`| \`${subject}\` | ${meaning} |`), subject);
  }
});
