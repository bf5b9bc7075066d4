/** The identity port on NSS: what an account looks like to Kubernetes, and what is left out. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { UnavailableError } from '#src/errors.js';
import type { Identity } from '#src/identity/identity.js';
import { createNssIdentitySource } from '#src/identity/nss.js';
import type { Logger } from '#src/log/logger.js';
import { checkId, checkText } from '#src/native/arguments.js';
import type { GroupList, Native } from '#src/native/native.js';
import { anyString, anyText } from '../harness/any-text.js';
import { evaluate, preload, ROOT } from '../harness/child.js';
import { compileShared } from '../harness/compile.js';
import { createAccounts } from '../harness/nss-fixture.js';
import { fc } from '../harness/property.js';
import { scratchDirectory } from '../harness/scratch.js';

const silent: Logger = { error() {}, warn() {}, info() {}, verbose() {} };

const source = `const { createNssIdentitySource } = await import('${ROOT}build/src/identity/nss.js');
  const lines = [];
  const log = { error() {}, warn() {}, info() {}, verbose: (level, message, fields) => lines.push([level, fields.gid]) };
  const source = createNssIdentitySource({ native, log });`;

function fake(groups: GroupList): Pick<Native, 'lookupUser' | 'groupsOf'> {
  return {
    lookupUser: (name) => Promise.resolve({ name, uid: 1, gid: 1 }),
    groupsOf: () => Promise.resolve(groups),
  };
}

test('an identity has the name, the uid as a string and all groups; a nameless gid is left out and logged once', async () => {
  const accounts = createAccounts(
    { after },
    {
      users: [{ name: 'alice', uid: 4294967294, gid: 77 }],
      groups: [{ name: 'grüppe', gid: 5001, members: ['alice'] }],
    },
  );
  const script = `${source}
    const found = await source.find('alice');
    await source.find('alice');
    console.log(JSON.stringify([found, lines, await source.find('bob') ?? 'none']));`;
  const expected = { username: 'alice', uid: '4294967294', groups: ['grüppe'] };
  assert.deepEqual(await evaluate(script, accounts), [expected, [[1, 77]], 'none']);
});

test('names with control characters are left out, reserved ones are not: that is for others to say', async () => {
  const native = fake({ names: ['a\nb', 'tab\t', 'del\x7f', 'c1\x85', 'system:masters', 'ok'], nameless: [] });
  const found = await createNssIdentitySource({ native, log: silent }).find('alice');
  assert.deepEqual(found?.groups, ['system:masters', 'ok']);
});

test('a name that no account can have is not asked for', async () => {
  const native = { lookupUser: () => assert.fail('asked'), groupsOf: () => assert.fail('asked') };
  const identities = createNssIdentitySource({ native, log: silent });
  for (const name of ['', 'a\0b', '\uD800', 'x'.repeat(512), 'a\nb'])
    assert.equal(await identities.find(name), undefined);
});

test('a database that fails is never "no such user"', async () => {
  const env = preload(compileShared(scratchDirectory({ after }), 'failing_nss.c', ['dl']));
  const script = `${source}
    const seen = [];
    for (const name of ['eio', 'etimedout', 'enoent', 'lines']) seen.push(await source.find(name).catch((e) => e.code) ?? 'none');
    console.log(JSON.stringify(seen));`;
  assert.deepEqual(await evaluate(script, { env }), ['ERR_NSS_FAILED', 'ERR_NSS_FAILED', 'none', 'none']);
});

test('an entry that no account can have is a failure of the database', async () => {
  for (const change of [{ name: '' }, { name: 'x'.repeat(512) }, { uid: 4_294_967_295 }, { gid: 4_294_967_295 }]) {
    const native = {
      ...fake({ names: [], nameless: [] }),
      lookupUser: async () => ({ name: 'alice', uid: 1, gid: 1, ...change }),
    };
    const identities = createNssIdentitySource({ native, log: silent });
    await assert.rejects(identities.find('alice'), { code: 'ERR_NSS_FAILED' });
  }
});

test('whatever a database answers is an identity, none, or a failure of the database', async () => {
  const number = fc.oneof(fc.nat(5), fc.constantFrom(4_294_967_293, 4_294_967_294, 4_294_967_295));
  const name = fc.oneof(
    anyText({ minLength: 1, maxLength: 6 }),
    fc.constantFrom('', 'a\nb', 'x'.repeat(511), 'x'.repeat(512), 'alice'),
  );
  const entry = fc.record({ name, uid: number, gid: number });
  const groups = fc.record({ names: fc.array(name), nameless: fc.array(number) });
  await fc.assert(
    fc.asyncProperty(anyString({ minLength: 1 }), fc.option(entry), groups, async (asked, user, list) => {
      const native: Pick<Native, 'lookupUser' | 'groupsOf'> = {
        async lookupUser(wanted) {
          checkText('name', wanted);
          return user ?? undefined;
        },
        // As the addon's door does.
        async groupsOf({ name: of, gid }) {
          checkText('user.name', of);
          checkId('user.gid', gid);
          return list;
        },
      };
      const outcome = await createNssIdentitySource({ native, log: silent })
        .find(asked)
        .catch((fault: unknown) => fault);
      if (outcome instanceof UnavailableError) return assert.equal(outcome.code, 'ERR_NSS_FAILED');
      if (outcome === undefined) return;
      const { username, uid, groups: names } = outcome as Identity;
      assert.deepEqual([username, uid], [user?.name, String(user?.uid)]);
      assert.ok([username, ...names].every((one) => !/\p{Cc}/u.test(one)));
      assert.ok(Number(uid) <= 4_294_967_294);
      assert.deepEqual(
        names,
        list.names.filter((one) => names.includes(one)),
      );
    }),
    { numRuns: 1000 },
  );
});

test('groups that cannot be read make the whole lookup fail', async () => {
  const failure = new UnavailableError('ERR_NSS_FAILED', 'x');
  const native = { ...fake({ names: [], nameless: [] }), groupsOf: () => Promise.reject(failure) };
  await assert.rejects(createNssIdentitySource({ native, log: silent }).find('alice'), failure);
});
