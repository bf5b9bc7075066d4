/** `verification-key-files` as files and as directories, as the supervisor reads them. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ConfigurationError } from '#src/errors.js';
import { parseSigningKey } from '#src/keys/key-material.js';
import type { Logger } from '#src/log/logger.js';
import { loadNative } from '#src/native/binding.js';
import { readKeyFile, readVerificationKeys } from '#src/privsep/key-files.js';
import { MAX_CERTIFICATE, MAX_KEY, MAX_VERIFICATION_KEYS } from '#src/privsep/protocol.js';
import { scratchDirectory } from '../harness/scratch.js';
import { es256, es384, generateEc, hs256, pkcs8, rs256 } from '../keys/generated-keys.js';

const native = loadNative();

function readKids(...verificationKeyFiles: string[]): { kids: string[]; warnings: string[] } {
  const warnings: string[] = [];
  const log: Logger = { error() {}, warn: (message) => warnings.push(message), info() {}, verbose() {} };
  const keys = readVerificationKeys({ verificationKeyFiles }, { native, log, now: Date.now });
  return { kids: keys.map(({ kid }) => kid), warnings };
}

function directory(t: TestContext, files: Readonly<Record<string, string | Buffer>>): string {
  const dir = scratchDirectory(t);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text, { mode: 0o600 });
  return dir;
}

function faultOf(...paths: string[]): ConfigurationError {
  try {
    readKids(...paths);
  } catch (fault) {
    assert(fault instanceof ConfigurationError);
    return fault;
  }
  throw new assert.AssertionError({ message: 'no fault' });
}

it('files are as large as the processes take them from each other', (t) => {
  const dir = directory(t, { small: 's'.repeat(12_288), large: 's'.repeat(12_289) });
  assert.equal(readKids(join(dir, 'small')).kids.length, 1);
  assert.match(faultOf(join(dir, 'large')).message, /^verification-key-files .*larger than 12 KiB$/);
  for (const [option, most] of [
    ['cert-file', MAX_CERTIFICATE],
    ['key-file', MAX_KEY],
    ['signing-key-file', 65_536],
  ] as const) {
    const file = join(dir, option);
    writeFileSync(file, Buffer.alloc(most));
    assert.equal(readKeyFile(file, option, { native }).bytes.length, most);
    writeFileSync(file, Buffer.alloc(most + 1));
    assert.throws(() => readKeyFile(file, option, { native }), {
      message: `${option} ${file}: larger than ${most / 1024} KiB`,
    });
  }
});

const publicKey = (key: typeof es256) => key.parsed.verification.key;

describe('verification-key-files', () => {
  it('takes files and directories together, a directory in the order of its names', (t) => {
    const dir = directory(t, { 'b.pem': publicKey(es256), 'a.key': hs256.contents });
    const file = join(directory(t, { 'anything.txt': publicKey(rs256) }), 'anything.txt');
    assert.deepEqual(
      readKids(file, dir).kids,
      [rs256, hs256, es256].map(({ parsed }) => parsed.kid),
    );
  });

  it('takes from a directory only regular files named *.pem and *.key that are not hidden', (t) => {
    const dir = directory(t, {
      'a.pem': publicKey(es256),
      '.b.pem': publicKey(es384),
      'keys.json': '{}',
      'c.pem.bak': 'c',
      pem: 'd',
    });
    mkdirSync(join(dir, 'e.pem'));
    assert.deepEqual(readKids(dir), { kids: [es256.parsed.kid], warnings: [] });
  });

  it('takes an empty directory for no keys', (t) => {
    assert.deepEqual(readKids(scratchDirectory(t)), { kids: [], warnings: [] });
  });

  it('reads a Secret as Kubernetes mounts it, also while a key is taken away', (t) => {
    const dir = scratchDirectory(t);
    mkdirSync(join(dir, '..2026_11_22'));
    writeFileSync(join(dir, '..2026_11_22', 'a.pem'), publicKey(es256));
    writeFileSync(join(dir, '..2026_11_22', 'b.pem'), publicKey(es384));
    symlinkSync('..2026_11_22', join(dir, '..data'));
    for (const name of ['a.pem', 'b.pem']) symlinkSync(join('..data', name), join(dir, name));
    assert.deepEqual(readKids(dir).kids, [es256.parsed.kid, es384.parsed.kid]);
    mkdirSync(join(dir, '..2026_11_23'));
    writeFileSync(join(dir, '..2026_11_23', 'b.pem'), publicKey(es384));
    symlinkSync('..2026_11_23', join(dir, '..data_tmp'));
    renameSync(join(dir, '..data_tmp'), join(dir, '..data'));
    const { kids, warnings } = readKids(dir);
    assert.deepEqual(kids, [es384.parsed.kid]);
    assert.match(warnings.join('\n'), /^verification-key-files \S+\/a\.pem: leads nowhere and is passed over$/);
  });

  it(`takes ${MAX_VERIFICATION_KEYS} keys and no more`, (t) => {
    const keys = Array.from({ length: MAX_VERIFICATION_KEYS }, () =>
      parseSigningKey(pkcs8(generateEc('P-256').privateKey), 'key'),
    );
    const dir = directory(t, Object.fromEntries(keys.map(({ kid, verification }) => [`${kid}.pem`, verification.key])));
    assert.equal(readKids(dir).kids.length, MAX_VERIFICATION_KEYS);
    writeFileSync(join(dir, 'more.pem'), publicKey(es256));
    assert.match(faultOf(dir).message, /17 files, more than 16/);
  });

  it('names the file of a directory that holds no key', (t) => {
    const dir = directory(t, { 'a.pem': publicKey(es256), 'b.pem': '-----BEGIN PUBLIC KEY-----\n' });
    assert.ok(faultOf(dir).message.includes(join(dir, 'b.pem')));
  });

  it('refuses an HMAC secret in a directory that others may read, not a public key', (t) => {
    const dir = directory(t, { 'a.pem': publicKey(es256), 'b.key': hs256.contents });
    chmodSync(join(dir, 'a.pem'), 0o644);
    readKids(dir);
    chmodSync(join(dir, 'b.key'), 0o644);
    assert.match(faultOf(dir).message, /b\.key: is open to others/);
  });

  it('names a path that is not there', (t) => {
    const dir = scratchDirectory(t);
    rmSync(dir, { recursive: true });
    assert.match(faultOf(dir).message, /cannot be read \(ENOENT\)/);
  });
});
