/** What one half of the daemon issues the other takes for what it is: the same account, audiences and times, under any configuration. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Identity } from '#src/identity/identity.js';
import { importSigningMaterial } from '#src/keys/signer.js';
import type { Pam } from '#src/pam/pam.js';
import { Secret } from '#src/secret.js';
import { createIssueToken } from '#src/token/issue-token.js';
import { isReserved, isUsername } from '#src/token/user-name.js';
import { anyString, anyText } from '../harness/any-text.js';
import { fc } from '../harness/property.js';
import { allKeys } from '../keys/generated-keys.js';
import { now } from '../keys/spelled-token.js';
import { openPolicy, reviewing } from './reviewing.js';

const detail = { code: 'PAM_SUCCESS', stage: 'account', failDelay: 0 };
const audience = fc.uniqueArray(anyText({ minLength: 1, maxLength: 10 }), { maxLength: 5 });
const name = fc.oneof(
  { weight: 3, arbitrary: anyText({ minLength: 1, maxLength: 20 }) },
  fc.constantFrom('system:admin', 'system:', '__proto__', 'x'.repeat(511), 'ä'.repeat(256), 'a\nb'),
  anyString({ maxLength: 3 }),
);
const identity = fc.record({
  username: name,
  uid: fc.integer({ min: 0, max: 4_294_967_294 }).map(String),
  groups: fc.array(anyText({ minLength: 1 }), { maxLength: 3 }),
});
const configuration = fc.record({
  issuer: anyText({ maxLength: 20 }),
  audience,
  maxLifetime: fc.integer({ min: 1, max: 31_536_000 }),
  key: fc.constantFrom(...allKeys),
});

test('a token is reviewed as the account, audience and lifetime that it was issued for', async () => {
  const at = now;
  await fc.assert(
    fc.asyncProperty(configuration, identity, fc.integer({ min: 1, max: 1_000 }), async (configured, found, wanted) => {
      const { issuer, audience: audiences, maxLifetime, key } = configured;
      const pam: Pick<Pam, 'ask'> = {
        ask: () => ({ outcome: 'accepted', username: found.username, messages: [], detail }),
      };
      const identities = { find: async (): Promise<Identity> => found };
      const signer = importSigningMaterial(key.parsed.signing);
      const issue = createIssueToken({
        pam,
        identities,
        signer,
        issuer,
        audience: audiences,
        defaultLifetime: 1,
        maxLifetime,
        claims: [],
        policy: openPolicy,
        now: () => at,
        randomId: () => 'an-id',
      });
      const lifetime = Math.min(wanted, maxLifetime);
      const request = { requestId: 'r', username: 'typed', responses: [Secret.fromString('x')], source: '::1' };
      const result = await issue({ ...request, lifetime, audience: undefined });
      const mayHave = isUsername(found.username) && !isReserved(found.username);
      assert.equal(result.outcome, mayHave ? 'issued' : 'refused');
      if (result.outcome !== 'issued') return;

      const { review, seen } = reviewing({ issuer, audience: audiences, identities });
      const yes = await review(result.token, audiences);
      assert.ok(yes.authenticated, JSON.stringify(yes));
      assert.equal(yes.user.username, found.username);
      assert.equal(yes.user.uid, found.uid);
      assert.deepEqual(yes.audiences, audiences.length === 0 ? undefined : audiences);
      seen.time = at + lifetime * 1000 - 1;
      assert.equal((await review(result.token, [])).authenticated, true);
      seen.time = at + lifetime * 1000;
      assert.equal((await review(result.token, [])).authenticated, false);
    }),
    { numRuns: 300 },
  );
});
