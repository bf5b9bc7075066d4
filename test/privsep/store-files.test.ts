import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { inspect } from 'node:util';
import { ConfigurationError } from '#src/errors.js';
import { loadNative } from '#src/native/binding.js';
import { readStoreFiles, type StoreSettings } from '#src/privsep/store-files.js';
import { scratchDirectory } from '../harness/scratch.js';
import { newCertificate } from '../keys/certificates.js';

const native = loadNative();

function read(settings: Partial<StoreSettings>) {
  const warnings: string[] = [];
  const log = { error() {}, warn: (message: string) => warnings.push(message), info() {}, verbose() {} };
  const none = { limitsStoreUsername: undefined, limitsStorePasswordFile: undefined, limitsStoreCaFile: undefined };
  const all = { ...none, limitsStorePrefix: 'pamhook:', limitsStoreTimeout: 250, ...settings };
  return { ...readStoreFiles(all, { native, log }), warnings };
}

function file(t: TestContext, content: string | Buffer, mode = 0o600): string {
  const path = join(scratchDirectory(t), 'file');
  writeFileSync(path, content, { mode });
  return path;
}

const passwordIn = (t: TestContext, content: string | Buffer, mode?: number) =>
  read({ limitsStorePasswordFile: file(t, content, mode) });

describe('readStoreFiles()', () => {
  it('takes the password without the line end that an editor leaves, and shows it nowhere', (t) => {
    for (const content of ['hunter2', 'hunter2\n', 'hunter2\r\n']) {
      const found = passwordIn(t, content);
      assert.equal(found.password?.bytes().toString(), 'hunter2');
      assert.doesNotMatch(inspect(found, { depth: 9 }) + JSON.stringify(found), /hunter2/);
    }
    assert.equal(passwordIn(t, ' pass wörd ').password?.bytes().toString(), ' pass wörd ');
    assert.equal(passwordIn(t, 'x'.repeat(4_096)).password?.bytes().length, 4_096);
  });

  const bad: Record<string, [string | Buffer, RegExp]> = {
    'nothing in it': ['', /is empty/],
    'only a line end in it': ['\n', /is empty/],
    'two lines': ['hunter2\nhunter3\n', /more than one line/],
    'other than UTF-8': [Buffer.from([0xff, 0x68]), /not UTF-8/],
    'a password without end': ['x'.repeat(4_097), /longer than 4096 bytes/],
    'more than a file of secrets may have': ['x'.repeat(65_537), /larger than 64 KiB/],
  };
  for (const [what, [content, reason]] of Object.entries(bad)) {
    it(`refuses a password file with ${what}`, (t) => {
      assert.throws(
        () => passwordIn(t, content),
        (fault) =>
          fault instanceof ConfigurationError &&
          reason.test(fault.message) &&
          /^limits-store-password-file /.test(fault.message) &&
          !fault.message.includes('hunter'),
      );
    });
  }

  it('refuses a password file that others may read, and warns of one that its group may', (t) => {
    assert.throws(
      () => passwordIn(t, 'hunter2', 0o604),
      /limits-store-password-file .* is open to others \(mode 0604\)/,
    );
    assert.match(passwordIn(t, 'hunter2', 0o640).warnings[0] ?? '', /can be read by its group/);
    assert.throws(() => read({ limitsStorePasswordFile: '/nowhere' }), /limits-store-password-file .*ENOENT/);
  });

  it('takes PEM certificates as the CA, and nothing else', async (t) => {
    const { certificate, key } = await newCertificate();
    assert.equal(read({ limitsStoreCaFile: file(t, certificate, 0o644) }).ca, certificate);
    const broken = certificate.replace(/[A-Za-z0-9]{20}/, '');
    for (const content of ['', 'no certificate', key, broken]) {
      const path = file(t, content);
      assert.throws(() => read({ limitsStoreCaFile: path }), /limits-store-ca-file .*: is no PEM certificate/);
    }
    const large = file(t, certificate.repeat(80));
    assert.throws(() => read({ limitsStoreCaFile: large }), /larger than 32 KiB/);
  });

  it('leaves Redis less time than a login waits, and gives each supervisor a mark of its own', () => {
    const [one, other] = [read({}), read({})];
    assert.ok(one.timeout < 250 && one.timeout > 100);
    assert.match(one.replica, /^[\w-]{12}$/);
    assert.notEqual(one.replica, other.replica);
  });
});
