/** A kept answer never says yes for longer than a new one would: by the clock, through the handler, the real review, keys and cache. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { cacheIdentities } from '#src/identity/cached.js';
import type { Identity } from '#src/identity/identity.js';
import { importVerifier } from '#src/keys/verifier.js';
import type { Review } from '#src/token/review.js';
import { createReviewToken, type ReviewTokenOptions } from '#src/token/review-token.js';
import { es256, hs256 } from '../keys/generated-keys.js';
import { claims, now, signed } from '../keys/spelled-token.js';
import { alice, openPolicy } from '../token/reviewing.js';
import { ask, startFront } from './front.js';

const TTL = 10_000;
const quiet = { error() {}, warn() {}, info() {}, verbose() {} };

/** One clock for tokens and cache; `account` is what the system says. */
async function start(t: TestContext, changes: Partial<ReviewTokenOptions> = {}, ttl = TTL) {
  const system = { time: now, account: alice as Identity | undefined, lookups: 0 };
  const identities = cacheIdentities(
    {
      async find() {
        system.lookups += 1;
        return system.account;
      },
    },
    { ttl, staleFor: 0, now: () => system.time, onVanished() {}, log: quiet },
  );
  const reviewWith = (more: Partial<ReviewTokenOptions> = {}): Review =>
    createReviewToken({
      verifier: importVerifier([es256.parsed.verification]),
      identities,
      issuer: '',
      audience: [],
      requireAudience: false,
      policy: openPolicy,
      now: () => system.time,
      ...changes,
      ...more,
    });
  let review = reviewWith();
  const { port } = await startFront(t, { review: (token, audiences) => review(token, audiences) });
  return {
    system,
    /** As when keys turn. */
    renew(more: Partial<ReviewTokenOptions>) {
      review = reviewWith(more);
    },
    async status(token: string, audiences?: readonly string[]) {
      const spec = { token, ...(audiences && { audiences }) };
      const body = JSON.stringify({ kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', spec });
      const answer = await ask(port, '/authenticate', { method: 'POST', body });
      assert.equal(answer.status, 200);
      return JSON.parse(answer.body).status;
    },
  };
}

const user = {
  username: 'alice',
  uid: '1000',
  groups: ['users', 'docker'],
  extra: { 'authentication.kubernetes.io/credential-id': ['JTI=a-jti'] },
};
const yes = { authenticated: true, user };
const no = { authenticated: false };

describe('an answer that was given before', () => {
  it('ends with its token, to the millisecond', async (t) => {
    const { system, status } = await start(t);
    const token = signed(es256);
    for (const [time, wanted] of [
      [now, yes],
      [now + 1, yes],
      [claims.exp * 1000 - 1, yes],
      [claims.exp * 1000, no],
      [claims.exp * 1000 + 1, no],
    ] as const) {
      system.time = time;
      assert.deepEqual(await status(token), wanted);
    }
  });

  it('ends with what the system says, when identity-cache-ttl is over: another group, another uid, no account', async (t) => {
    const { system, status } = await start(t);
    const token = signed(es256);
    const changes: [Identity | undefined, object][] = [
      [
        { ...alice, groups: ['wheel'] },
        { ...yes, user: { ...user, groups: ['wheel'] } },
      ],
      [{ ...alice, uid: '1001' }, no],
      [alice, yes],
      [undefined, no],
    ];
    let last: object = yes;
    for (const [account, wanted] of changes) {
      assert.deepEqual(await status(token), last);
      const { lookups } = system;
      system.account = account;
      system.time += TTL - 1;
      assert.deepEqual(await status(token), last);
      assert.equal(system.lookups, lookups, 'the memory was asked');
      system.time += 1;
      assert.deepEqual(await status(token), wanted);
      last = wanted;
    }
  });

  it('is none with identity-cache-ttl 0: each review asks the system', async (t) => {
    const { system, status } = await start(t, {}, 0);
    const token = signed(es256);
    for (const groups of [['a'], ['b'], ['b'], []]) {
      system.account = { ...alice, groups };
      assert.deepEqual(await status(token), { ...yes, user: { ...user, groups } });
    }
    system.account = undefined;
    assert.deepEqual(await status(token), no);
    // Somebody known a moment ago is looked for twice, unless nothing is remembered.
    assert.equal(system.lookups, 5);
  });

  it('ends with its key, and with the policy it was judged by', async (t) => {
    const { status, renew } = await start(t);
    const token = signed(es256);
    assert.deepEqual(await status(token), yes);
    renew({ verifier: importVerifier([hs256.parsed.verification]) });
    assert.deepEqual(await status(token), no);
    renew({ policy: { ...openPolicy, groupsFilter: ['d*'] } });
    assert.deepEqual(await status(token), { ...yes, user: { ...user, groups: ['docker'] } });
    renew({ policy: { ...openPolicy, minUid: 1001 } });
    assert.deepEqual(await status(token), no);
  });

  it('is for the audiences that were asked for, and no others', async (t) => {
    const { status } = await start(t, { audience: ['a', 'b', 'c'] });
    const token = signed(es256, {}, { aud: ['a', 'b'] });
    const asked = [['a'], ['b'], ['b', 'a'], ['a'], ['c'], ['a', 'c'], ['x'], undefined, []] as const;
    const answers = [{ audiences: ['a'] }, { audiences: ['b'] }, { audiences: ['b', 'a'] }, { audiences: ['a'] }];
    const wanted = [...answers.map((each) => ({ ...yes, ...each })), no, { ...yes, audiences: ['a'] }, yes, yes, yes];
    for (let time = 0; time < 2; time += 1) {
      for (const [index, audiences] of asked.entries()) {
        assert.deepEqual(await status(token, audiences), wanted[index], JSON.stringify(audiences));
      }
    }
  });

  it('is for its token: another one of the same user carries its own id, and a forged one of it is none', async (t) => {
    const { status } = await start(t);
    const token = signed(es256);
    assert.deepEqual(await status(token), yes);
    const other = signed(es256, {}, { jti: 'other' });
    const extra = { 'authentication.kubernetes.io/credential-id': ['JTI=other'] };
    assert.deepEqual(await status(other), { ...yes, user: { ...user, extra } });
    assert.deepEqual(await status(`${token.slice(0, -4)}AAAA`), no);
    assert.deepEqual(await status(token), yes);
  });

  it('is not given where the account phase says no meanwhile', async (t) => {
    let allowed = true;
    const { status } = await start(t, { accountAllowed: async () => allowed });
    const token = signed(es256);
    assert.deepEqual(await status(token), yes);
    allowed = false;
    assert.deepEqual(await status(token), no);
  });
});
