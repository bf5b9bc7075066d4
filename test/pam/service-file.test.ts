/** findServiceFile(): libpam takes `other` for a missing file, so a mistyped name must be found out at start. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigurationError } from '#src/errors.js';
import { findServiceFile } from '#src/pam/service-file.js';
import { writeServices } from '../harness/pam-service.js';
import { scratchDirectory } from '../harness/scratch.js';

test('the file of a service is found in the configuration directory, and nowhere else', (t) => {
  const configDir = writeServices(scratchDirectory(t), { pamhook: '' });
  assert.equal(findServiceFile('pamhook', configDir), join(configDir, 'pamhook'));
  assert.equal(findServiceFile('pamhok', configDir), undefined);
  assert.equal(findServiceFile('common-auth', configDir), undefined);
});

test("the system's services are found without a configuration directory", () => {
  assert.equal(findServiceFile('other', undefined), '/etc/pam.d/other');
  assert.equal(findServiceFile('no-such-service', undefined), undefined);
});

test('libpam makes the name lower case, so that a file with capitals does not count', (t) => {
  const configDir = writeServices(scratchDirectory(t), { Upper: '', lower: '' });
  assert.equal(findServiceFile('Upper', configDir), undefined);
  assert.equal(findServiceFile('LOWER', configDir), join(configDir, 'lower'));
});

test('a directory is no service file', (t) => {
  const configDir = writeServices(scratchDirectory(t), {});
  mkdirSync(join(configDir, 'pamhook'));
  assert.equal(findServiceFile('pamhook', configDir), undefined);
});

test('a name that could lead out of the directory is a fault of the configuration', () => {
  for (const name of ['', '.', '..', '../shadow', 'a/b', '/etc/passwd', '.hidden', 'a\0b']) {
    assert.throws(() => findServiceFile(name, undefined), ConfigurationError);
  }
});
