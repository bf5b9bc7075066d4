/** Modules stay loaded from one login to the next, and not for long; service files are read each time. On real libpam, as any user. */
import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { loadNative } from '#src/native/binding.js';
import { writeServices } from '../harness/pam-service.js';
import { scratchDirectory } from '../harness/scratch.js';

/** A little longer than they are kept, milliseconds. */
const KEPT = 10_500;

const native = loadNative();
const directory = scratchDirectory({ after });
const replaced = join(directory, 'pam_replaced.so');
const permit = 'auth required pam_permit.so\naccount required pam_permit.so\n';

/** As an upgrade does it: the new file takes the name of the old one. */
function install(module: string): void {
  copyFileSync(join(modules(), module), `${replaced}.new`);
  renameSync(`${replaced}.new`, replaced);
}

function modules(): string {
  const places = ['/usr/lib', ...readdirSync('/usr/lib').map((name) => `/usr/lib/${name}`)].map(
    (at) => `${at}/security`,
  );
  const found = places.find((place) => {
    try {
      return readdirSync(place).includes('pam_permit.so');
    } catch {
      return false;
    }
  });
  return found ?? assert.fail('no modules of libpam');
}

function login(stack: string): string {
  const configDir = writeServices(directory, { login: stack });
  const transaction = { service: 'login', user: 'alice', responses: [], remoteHost: undefined, tty: 'pamhook' };
  return native.pamTransaction({ ...transaction, configDir, authenticate: true }).code;
}

describe('a module that stays loaded', () => {
  const stack = `auth required ${replaced}\naccount required pam_permit.so\n`;
  before(() => {
    install('pam_permit.so');
    assert.equal(login(stack), 'PAM_SUCCESS');
  });

  it('does not keep the service file of the next login from being read', () => {
    assert.equal(login('auth required pam_deny.so\naccount required pam_permit.so\n'), 'PAM_AUTH_ERR');
    assert.equal(login(permit), 'PAM_SUCCESS');
  });

  it('gives way to one that has replaced it on disk within some ten seconds', async () => {
    install('pam_deny.so');
    await delay(KEPT);
    assert.equal(login(stack), 'PAM_AUTH_ERR');
  });
});
