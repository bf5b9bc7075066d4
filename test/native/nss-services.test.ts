/** Lookups through the real nsswitch when one of its services fails: what glibc keeps to itself is told all the same. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evaluate } from '../harness/child.js';
import { createDirectory, type Directory } from '../harness/nss-directory.js';

const outcomes = `const outcome = (answer) => answer.then((found) => found ?? 'none', (e) => e.cause.code);
  const user = (name) => outcome(native.lookupUser(name).then((found) => found?.uid));
  const group = (name) => outcome(native.lookupGroup(name));
  const groups = (name, uid, gid) => outcome(native.groupsOf({ name, uid, gid }));`;

const seen = (directory: Directory, expression: string) =>
  evaluate(`${outcomes} console.log(JSON.stringify(await Promise.all(${expression})));`, directory);

/** The order in which glibc hides what happened to the directory: the last service answers. */
const HIDING = ['passwd: files directory silent # as authselect writes it', 'group: files directory silent'];

describe('a lookup', () => {
  it('finds users and groups of a service, and says none where all services say so', async (t) => {
    const directory = createDirectory(t, HIDING);
    assert.deepEqual(
      await seen(directory, `[user('dora'), user('root'), user('nemo'), groups('dora', 30001, 30000), group('none')]`),
      [30001, 0, 'none', { names: ['staff', 'ops'], nameless: [] }, 'none'],
    );
  });

  for (const lines of [HIDING, ['passwd: files silent directory', 'group: files silent directory']]) {
    it(`fails, and does not say none, when a service cannot be asked (${lines[0]})`, async (t) => {
      const directory = createDirectory(t, lines);
      directory.is('fails');
      const asked = `[user('dora'), user('nemo'), user('root'), group('ops'), groups('dora', 30001, 30000)]`;
      const fault = 'ECONNREFUSED';
      assert.deepEqual(await seen(directory, asked), [fault, fault, 0, fault, fault]);
    });
  }

  it('takes a missing socket for a failure, but for one of SSSD that it is not in use', async (t) => {
    const asked = `[user('dora'), group('ops'), groups('root', 0, 0)]`;
    const root = { names: ['root'], nameless: [] };
    for (const [service, answers] of [
      ['directory', ['ENOENT', 'ENOENT', 'ENOENT']],
      ['sss', ['none', 'none', root]],
    ] as const) {
      const directory = createDirectory(t, [`passwd: ${service} files`, `group: files ${service}`]);
      directory.is('no socket');
      assert.deepEqual(await seen(directory, asked), answers, service);
    }
  });

  it('of groups fails, and does not leave some out, when the service that has them cannot be asked', async (t) => {
    const directory = createDirectory(t, HIDING);
    directory.is('loses groups');
    assert.deepEqual(await seen(directory, `[user('dora'), groups('dora', 30001, 30000)]`), [30001, 'ECONNREFUSED']);
  });

  it('of groups fails, and does not leave some out, when their names cannot be asked for', async (t) => {
    const directory = createDirectory(t, HIDING);
    directory.is('groups fail');
    const asked = `[groups('dora', 30001, 30000), groups('root', 0, 0)]`;
    assert.deepEqual(await seen(directory, asked), ['ECONNREFUSED', { names: ['root'], nameless: [] }]);
  });

  it('does not ask what nsswitch.conf keeps from being asked', async (t) => {
    const lines = ['passwd: files [NOTFOUND = return] directory', 'group: files [!UNAVAIL=RETURN]directory'];
    const directory = createDirectory(t, lines);
    directory.is('fails');
    assert.deepEqual(await seen(directory, `[user('dora'), group('ops'), groups('root', 0, 0)]`), [
      'none',
      'none',
      { names: ['root'], nameless: [] },
    ]);
  });

  it('asks what an action other than return stands before', async (t) => {
    const directory = createDirectory(t, ['passwd: files [success=continue] directory silent', HIDING[1] ?? '']);
    directory.is('fails');
    assert.deepEqual(await seen(directory, `[user('nemo')]`), ['ECONNREFUSED']);
  });

  it('takes a line initgroups for what it says', async (t) => {
    const lines = ['passwd: files directory', 'group: files directory', 'initgroups: files'];
    const directory = createDirectory(t, lines);
    directory.is('fails');
    assert.deepEqual(await seen(directory, `[groups('root', 0, 0)]`), [{ names: ['root'], nameless: [] }]);
  });

  it('passes over a service that is not installed, and a file without the line', async (t) => {
    const missing = createDirectory(t, ['passwd: files nothing-of-the-kind', 'group: files ../directory']);
    assert.deepEqual(await seen(missing, `[user('nemo'), group('nemo'), user('root')]`), ['none', 'none', 0]);
    const bare = createDirectory(t, ['# nothing', 'hosts: files']);
    assert.deepEqual(await seen(bare, `[user('root')]`), [0]);
  });
});
