import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { options } from '#src/config/options.js';
import type { Identity } from '#src/identity/identity.js';
import { judgeAccess, type Policy, presentNames } from '#src/token/policy.js';
import { isReserved } from '#src/token/user-name.js';
import { fc } from '../harness/property.js';
import { openPolicy } from './reviewing.js';

const alice: Identity = { username: 'alice', uid: '1000', groups: ['alice', 'developers', 'k8s-ops'] };

function policy(changes: Partial<Policy>): Policy {
  return { ...openPolicy, ...changes };
}

describe('judgeAccess()', () => {
  const table: [what: string, changes: Partial<Policy>, judged: ReturnType<typeof judgeAccess>][] = [
    ['lets everybody in without a policy', {}, undefined],
    ['lets a member of one of the groups in', { allowGroups: ['wheel', 'developers'] }, undefined],
    ['lets a member of the primary group in', { allowGroups: ['alice'] }, undefined],
    ['keeps out who is in none of the groups', { allowGroups: ['wheel', 'Developers'] }, 'not in allow-groups'],
    ['reads no glob in a group of allow-groups', { allowGroups: ['*', 'dev*'] }, 'not in allow-groups'],
    [
      'judges groups by their names without prefix',
      { allowGroups: ['p:wheel'], groupsPrefix: 'p:' },
      'not in allow-groups',
    ],
    ['judges groups that the filter holds back', { allowGroups: ['developers'], groupsFilter: [] }, undefined],
    ['lets the lowest uid in', { minUid: 1000 }, undefined],
    ['keeps a lower uid out', { minUid: 1001 }, 'uid below min-uid'],
    ['compares uids as numbers', { minUid: 999 }, undefined],
    ['holds both', { minUid: 1000, allowGroups: ['wheel'] }, 'not in allow-groups'],
  ];
  for (const [what, changes, judged] of table) {
    it(what, () => assert.equal(judgeAccess(alice, policy(changes)), judged));
  }

  it('keeps out an account without groups as soon as one is wanted', () => {
    assert.equal(judgeAccess({ ...alice, groups: [] }, policy({ allowGroups: ['wheel'] })), 'not in allow-groups');
    assert.equal(judgeAccess({ ...alice, groups: [] }, openPolicy), undefined);
  });

  it('cannot tell whether an account is in a group that was not looked up', () => {
    const seen: Identity = { ...alice, incomplete: true };
    assert.throws(() => judgeAccess(seen, policy({ allowGroups: ['ldap'] })), { code: 'ERR_NSS_FAILED' });
    assert.equal(judgeAccess(seen, policy({ allowGroups: ['developers'] })), undefined);
    assert.equal(judgeAccess(seen, policy({ allowGroups: ['ldap'], minUid: 1001 })), 'uid below min-uid');
  });

  it('knows root and the largest uid', () => {
    assert.equal(judgeAccess({ ...alice, uid: '0' }, policy({ minUid: 1 })), 'uid below min-uid');
    assert.equal(judgeAccess({ ...alice, uid: '4294967294' }, policy({ minUid: 4_294_967_294 })), undefined);
  });
});

describe('presentNames()', () => {
  const table: [what: string, changes: Partial<Policy>, presented: ReturnType<typeof presentNames>][] = [
    ['tells the names as they are without a policy', {}, { username: 'alice', groups: alice.groups }],
    [
      'puts the prefixes before them',
      { usernamePrefix: 'u:', groupsPrefix: 'g:' },
      {
        username: 'u:alice',
        groups: ['g:alice', 'g:developers', 'g:k8s-ops'],
      },
    ],
    [
      'passes on what one of the globs stands for, in the order of the system',
      { groupsFilter: ['k8s-*', '?lice'] },
      {
        username: 'alice',
        groups: ['alice', 'k8s-ops'],
      },
    ],
    [
      'filters by the name without prefix',
      { groupsFilter: ['g:*', 'dev*'], groupsPrefix: 'g:' },
      {
        username: 'alice',
        groups: ['g:developers'],
      },
    ],
    ['passes nothing on when the filter is empty', { groupsFilter: [] }, { username: 'alice', groups: [] }],
  ];
  for (const [what, changes, presented] of table) {
    it(what, () => assert.deepEqual(presentNames(alice, policy(changes)), presented));
  }

  it('refuses reserved names before the prefix: none makes system:admin a user, or system:masters a group', () => {
    const prefixed = policy({ usernamePrefix: 'u:', groupsPrefix: 'g:' });
    assert.equal(presentNames({ ...alice, username: 'system:admin' }, prefixed), 'reserved name');
    const names = presentNames({ ...alice, groups: ['system:masters', 'users'] }, prefixed);
    assert.deepEqual(names, { username: 'u:alice', groups: ['g:users'] });
  });

  it('refuses names that the prefix makes reserved, should one ever come through', () => {
    assert.equal(presentNames({ ...alice, username: 'tem:admin' }, policy({ usernamePrefix: 'sys' })), 'reserved name');
    const names = presentNames({ ...alice, groups: ['tem:masters', 'users'] }, policy({ groupsPrefix: 'sys' }));
    assert.deepEqual(names, { username: 'alice', groups: ['sysusers'] });
  });
});

describe('a prefix', () => {
  const isTaken = (prefix: unknown): boolean => options['username-prefix'].format.holds(prefix);

  it('is refused when it is reserved, or the beginning of what is', () => {
    for (const bad of ['system:', 'system:x', 's', 'sys', 'system', 'x'.repeat(257)]) assert(!isTaken(bad), bad);
    for (const good of ['', 'unix:', 'systems:', 'S', 'xsystem:', ' system:', 'x'.repeat(256)]) {
      assert(isTaken(good), good);
    }
  });

  it('that is taken makes no name reserved, and one that is refused for its beginning makes some so', () => {
    const piece = fc
      .array(fc.constantFrom('s', 'y', 'sys', 'tem', 'm', ':', 'system:', 'x'))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(piece, piece, (prefix, name) => {
        if (isTaken(prefix)) assert(isReserved(name) || !isReserved(prefix + name));
        else if (isReserved(prefix)) assert(isReserved(prefix + name));
        else assert(isReserved(prefix + 'system:'.slice(prefix.length)));
      }),
    );
  });
});
