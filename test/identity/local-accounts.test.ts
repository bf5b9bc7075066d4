/** Accounts of this machine while the directory fails: what passwd and group say of them, and when they are not asked. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { UnavailableError } from '#src/errors.js';
import {
  type AccountFiles,
  answerFirst,
  readLocalIdentity,
  withLocalAccounts,
  withLocalGroups,
} from '#src/identity/local-accounts.js';
import { scratchDirectory } from '../harness/scratch.js';

const PASSWD = [
  'root:x:0:0:root:/root:/bin/sh',
  'alice:x:1001:1001::/:/bin/sh',
  'odd:x:4294967295:1::/:/bin/sh',
  '+bob:::::',
];
const GROUP = [
  'root:x:0:',
  'ops:x:50:root,alice',
  'alice:x:1001:',
  'wheel:x:10:alicia,alice',
  'twice:x:11:alice',
  'twice:x:12:alice',
];
const NSSWITCH = ['# of a test', 'passwd:\t files systemd sss', 'group: files sss'];
const silent = { error() {}, warn() {}, info() {}, verbose() {} };

function accountFiles(
  t: TestContext,
  lines: Partial<Record<keyof AccountFiles, readonly string[]>> = {},
): AccountFiles {
  const directory = scratchDirectory(t);
  const write = (name: keyof AccountFiles, usual: readonly string[]) => {
    const path = join(directory, name);
    writeFileSync(path, [...(lines[name] ?? usual), ''].join('\n'));
    return path;
  };
  return { passwd: write('passwd', PASSWD), group: write('group', GROUP), nsswitch: write('nsswitch', NSSWITCH) };
}

describe('readLocalIdentity()', () => {
  it('gives uid and groups, the own one first and none twice, marked as perhaps not all', async (t) => {
    assert.deepEqual(await readLocalIdentity('alice', accountFiles(t)), {
      username: 'alice',
      uid: '1001',
      groups: ['alice', 'ops', 'wheel', 'twice'],
      incomplete: true,
    });
  });

  it('knows nobody whom the files do not name, or name with a number that is no uid', async (t) => {
    const files = accountFiles(t);
    for (const name of ['dora', '', '+bob', 'bob', 'odd', 'x', 'alice:x']) {
      assert.equal(await readLocalIdentity(name, files), undefined, name);
    }
  });

  it('leaves out groups without a name, with control characters, or not in UTF-8', async (t) => {
    const files = accountFiles(t, { group: [':x:1001:', 'tab\there:x:2:alice', 'fine:x:3:alice'] });
    writeFileSync(files.group, Buffer.from([...Buffer.from('caf'), 0xe9, ...Buffer.from(':x:4:alice\n')]), {
      flag: 'a',
    });
    assert.deepEqual((await readLocalIdentity('alice', files))?.groups, ['fine']);
  });
});

describe('answerFirst()', () => {
  for (const line of [
    'passwd: sss files',
    'passwd: filesystem',
    'group: files',
    '#passwd: files',
    'shadow: files\npasswd: sss',
  ]) {
    it(`is false for ${JSON.stringify(line)}`, async (t) => {
      assert.equal(await answerFirst(accountFiles(t, { nsswitch: [line] })), false);
    });
  }

  for (const line of [
    'passwd:files',
    'passwd: files[NOTFOUND=return] sss',
    'passwd: files # alone',
    'passwd: files\ngroup: files',
    NSSWITCH.join('\n'),
  ]) {
    it(`is true for ${JSON.stringify(line)}`, async (t) => {
      assert.equal(await answerFirst(accountFiles(t, { nsswitch: [line] })), true);
    });
  }
});

const failure = new UnavailableError('ERR_NSS_FAILED', 'down');

describe('withLocalGroups()', () => {
  const failing = () => Promise.reject(failure);

  it('asks the files only when the groups could not be looked up', async (t) => {
    const files = accountFiles(t, { nsswitch: ['passwd: sss files'] });
    const alice = { name: 'alice', uid: 1001, gid: 1001 };
    const whole = { names: ['ldap'], nameless: [] };
    assert.deepEqual(await withLocalGroups(async () => whole, files)(alice), whole);
    const names = ['alice', 'ops', 'wheel', 'twice'];
    assert.deepEqual(await withLocalGroups(failing, files)(alice), { names, nameless: [], incomplete: true });
  });

  it('fails for users of the directory, also for one who has the name of a local account', async (t) => {
    const groupsOf = withLocalGroups(failing, accountFiles(t));
    for (const user of [
      { name: 'dora', uid: 30001, gid: 30000 },
      { name: 'alice', uid: 30002, gid: 30000 },
    ]) {
      await assert.rejects(groupsOf(user), failure);
    }
  });
});

describe('withLocalAccounts()', () => {
  const failing = { find: () => Promise.reject(failure) };

  it('asks the files only when the source fails', async (t) => {
    const files = accountFiles(t);
    const whole = { username: 'alice', uid: '7', groups: [] };
    assert.deepEqual(await withLocalAccounts({ find: async () => whole }, silent, files).find('alice'), whole);
    assert.equal(await withLocalAccounts({ find: async () => undefined }, silent, files).find('alice'), undefined);
    assert.equal((await withLocalAccounts(failing, silent, files).find('alice'))?.uid, '1001');
  });

  it('fails as the source did for users of the directory, and when the files cannot be read', async (t) => {
    const files = accountFiles(t);
    await assert.rejects(withLocalAccounts(failing, silent, files).find('dora'), failure);
    for (const file of ['passwd', 'group', 'nsswitch'] as const) {
      const missing = { ...files, [file]: join(files[file], 'none') };
      await assert.rejects(withLocalAccounts(failing, silent, missing).find('alice'), failure);
    }
  });

  it('fails for a local account that another service could override', async (t) => {
    const files = accountFiles(t, { nsswitch: ['passwd: sss files'] });
    await assert.rejects(withLocalAccounts(failing, silent, files).find('alice'), failure);
  });
});
