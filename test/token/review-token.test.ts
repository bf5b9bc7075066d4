import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UnavailableError } from '#src/errors.js';
import { importSigningMaterial } from '#src/keys/signer.js';
import { importVerifier } from '#src/keys/verifier.js';
import { MAX_TOKEN_CHARACTERS } from '#src/token/claims.js';
import { createIssueToken } from '#src/token/issue-token.js';
import type { ReviewRefusal } from '#src/token/review.js';
import { createVerifiedTokens, MAX_VERIFIED_CHARACTERS, MAX_VERIFIED_TOKENS } from '#src/token/verified-tokens.js';
import { anyText } from '../harness/any-text.js';
import { fc } from '../harness/property.js';
import { allKeys, es256, hs256 } from '../keys/generated-keys.js';
import { claims, now, signed } from '../keys/spelled-token.js';
import { alice, openPolicy, reviewing } from './reviewing.js';

const no = (refusal: ReviewRefusal) => ({ authenticated: false, refusal });
const user = {
  username: 'alice',
  uid: '1000',
  groups: ['users', 'docker'],
  extra: { 'authentication.kubernetes.io/credential-id': ['JTI=a-jti'] },
};
const yes = { authenticated: true, user, audiences: undefined };

describe('review()', () => {
  for (const key of allKeys) {
    it(`says yes with the identity of the moment and the jti: ${key.algorithm}`, async () => {
      assert.deepEqual(await reviewing().review(signed(key), []), yes);
    });
  }

  it('never believes the groups in a token', async () => {
    const groups = ['system:masters', 'wheel'];
    assert.deepEqual(await reviewing().review(signed(es256, {}, { groups }), []), yes);
  });

  it('says yes to what issueToken() made', async () => {
    const issueToken = createIssueToken({
      pam: {
        ask: () => ({
          outcome: 'accepted',
          username: 'alice',
          messages: [],
          detail: { code: 'PAM_SUCCESS', stage: 'user', failDelay: 0 },
        }),
      },
      identities: { find: async () => alice },
      signer: importSigningMaterial(es256.parsed.signing),
      issuer: 'https://pamhook.example',
      audience: ['a', 'b'],
      defaultLifetime: 60,
      maxLifetime: 60,
      claims: [],
      policy: openPolicy,
      now: () => now,
      randomId: () => 'a-jti',
    });
    const issued = await issueToken({
      requestId: '',
      username: 'alice',
      responses: [],
      source: '::1',
      lifetime: undefined,
      audience: undefined,
    });
    assert(issued.outcome === 'issued');
    const { review, seen } = reviewing({ issuer: 'https://pamhook.example', audience: ['b', 'c'] });
    assert.deepEqual(await review(issued.token, ['x', 'b']), { ...yes, audiences: ['b'] });
    seen.time = issued.expiresAt * 1000;
    assert.deepEqual(await review(issued.token, ['x', 'b']), no('expired'));
  });

  it('looks the account up each time: new groups count at once', async () => {
    const { review, known } = reviewing();
    const token = signed(hs256);
    await review(token, []);
    known['alice'] = { ...alice, groups: ['wheel'] };
    assert.deepEqual(await review(token, []), { ...yes, user: { ...user, groups: ['wheel'] } });
  });

  it('says no when the account is gone, has another uid, or goes by another name now', async () => {
    const { review, known } = reviewing();
    const token = signed(hs256);
    known['alice'] = { ...alice, uid: '1001' };
    assert.deepEqual(await review(token, []), no('another uid'));
    known['alice'] = { ...alice, username: 'Alice' };
    assert.deepEqual(await review(token, []), no('unknown user'));
    delete known['alice'];
    assert.deepEqual(await review(token, []), no('unknown user'));
    known['alice'] = alice;
    assert.deepEqual(await review(token, []), yes);
  });

  it('never lets a group of Kubernetes out', async () => {
    const groups = ['system:masters', 'users', 'system:', 'systemd-journal', 'System:x'];
    const { review } = reviewing({}, { alice: { ...alice, groups } });
    const result = await review(signed(hs256), []);
    assert.deepEqual(result.authenticated && result.user.groups, ['users', 'systemd-journal', 'System:x']);
  });

  it('says no to a user name of Kubernetes, even when NSS has such an account', async () => {
    const name = 'system:admin';
    const { review, seen } = reviewing({}, { [name]: { ...alice, username: name } });
    assert.deepEqual(await review(signed(hs256, {}, { username: name, sub: name }), []), no('reserved name'));
    assert.deepEqual(seen.lookups, []);
  });

  it('says no to an account that a policy keeps out now, whenever its token was issued', async () => {
    const token = signed(hs256);
    const members = reviewing({ policy: { ...openPolicy, allowGroups: ['docker'] } });
    assert.deepEqual(await members.review(token, []), yes);
    members.known['alice'] = { ...alice, groups: ['users'] };
    assert.deepEqual(await members.review(token, []), no('not in allow-groups'));
    const people = reviewing({ policy: { ...openPolicy, minUid: 1001 } });
    assert.deepEqual(await people.review(token, []), no('uid below min-uid'));
  });

  it('says another uid of an account made again, before any policy', async () => {
    const { review } = reviewing({ policy: { ...openPolicy, minUid: 5000 } }, { alice: { ...alice, uid: '6000' } });
    assert.deepEqual(await review(signed(hs256), []), no('another uid'));
  });

  it('says yes with the names that the policy makes of those in NSS, also without any group', async () => {
    const policy = { ...openPolicy, usernamePrefix: 'unix:', groupsPrefix: 'g:', groupsFilter: ['d*'] };
    const token = signed(hs256);
    const presented = { ...user, username: 'unix:alice', groups: ['g:docker'] };
    assert.deepEqual(await reviewing({ policy }).review(token, []), { ...yes, user: presented });
    const none = reviewing({ policy: { ...policy, groupsFilter: [] } });
    assert.deepEqual(await none.review(token, []), { ...yes, user: { ...presented, groups: [] } });
  });

  it('says no when a prefix makes a user one of Kubernetes', async () => {
    const name = 'tem:admin';
    const known = { [name]: { ...alice, username: name } };
    const { review } = reviewing({ policy: { ...openPolicy, usernamePrefix: 'sys' } }, known);
    assert.deepEqual(await review(signed(hs256, {}, { username: name, sub: name }), []), no('reserved name'));
  });

  it('keeps to the audiences of token, review and daemon', async () => {
    const { review } = reviewing({ audience: ['c', 'd'] });
    const token = signed(hs256, {}, { aud: ['a', 'c'] });
    assert.deepEqual(await review(token, ['x', 'a', 'c', 'a']), { ...yes, audiences: ['a', 'c'] });
    assert.deepEqual(await review(token, ['d']), no('wrong audience'));
    assert.deepEqual(await review(token, ['x']), yes);
    assert.deepEqual(await review(signed(hs256), []), no('wrong audience'));
    assert.deepEqual(await review(signed(hs256, {}, { aud: 'x' }), ['x']), no('wrong audience'));
    const strict = reviewing({ audience: ['c'], requireAudience: true });
    assert.deepEqual(await strict.review(token, ['x']), no('wrong audience'));
  });

  it('says no to another issuer', async () => {
    const { review } = reviewing({ issuer: 'https://pamhook.example' });
    assert.deepEqual(await review(signed(hs256), []), no('wrong issuer'));
    assert.equal((await review(signed(hs256, {}, { iss: 'https://pamhook.example' }), [])).authenticated, true);
  });

  it('holds the times to the millisecond, also for a token seen before', async () => {
    const { review, seen } = reviewing();
    const token = signed(hs256);
    const at = (time: number) => {
      seen.time = time;
      return review(token, []);
    };
    assert.deepEqual(await at(claims.nbf * 1000 - 30_001), no('not yet valid'));
    assert.deepEqual(await at(claims.nbf * 1000 - 30_000), yes);
    assert.deepEqual(await at(claims.exp * 1000 - 1), yes);
    assert.deepEqual(await at(claims.exp * 1000), no('expired'));
    assert.deepEqual(await at(claims.exp * 1000 - 1), yes);
    assert.equal(seen.verifications, 1);
  });

  it('reads a token of 16,384 characters and no longer one', async () => {
    const { review, seen } = reviewing();
    assert.equal(MAX_TOKEN_CHARACTERS, 16_384);
    assert.deepEqual(await review('x'.repeat(16_385), []), no('too long'));
    assert.equal(seen.verifications, 0);
    assert.deepEqual(await review('x'.repeat(16_384), []), no('malformed'));
    assert.equal(seen.verifications, 1);
    assert.deepEqual(await reviewing({ maxTokenLength: 10 }).review(signed(hs256), []), no('too long'));
  });
});

describe('the account phase', () => {
  function checking(answer: () => Promise<boolean>) {
    const asked: string[] = [];
    const accountAllowed = (username: string) => {
      asked.push(username);
      return answer();
    };
    return { ...reviewing({ accountAllowed }), asked };
  }

  it('is asked with the name of the account, and decides', async () => {
    const allowed = checking(async () => true);
    assert.deepEqual(await allowed.review(signed(hs256), []), yes);
    assert.deepEqual(allowed.asked, ['alice']);
    assert.deepEqual(await checking(async () => false).review(signed(hs256), []), no('account not allowed'));
  });

  it('is not asked for a token that is refused without it', async () => {
    const { review, known, asked } = checking(async () => true);
    const token = signed(hs256);
    await review(`${token}A`, []);
    await review(signed(hs256, {}, { exp: 1 }), []);
    known['alice'] = { ...alice, uid: '1001' };
    assert.deepEqual(await review(token, []), no('another uid'));
    delete known['alice'];
    assert.deepEqual(await review(token, []), no('unknown user'));
    known['alice'] = new UnavailableError('ERR_NSS_FAILED', 'away');
    await assert.rejects(review(token, []));
    assert.deepEqual(asked, []);
  });

  it('that cannot tell is no no: the error goes through, and nothing of it is kept', async () => {
    const fault = new UnavailableError('ERR_LOGIN_OVERRUN', 'PAM hangs');
    let answer = () => Promise.reject<boolean>(fault);
    const { review } = checking(() => answer());
    const token = signed(hs256);
    await assert.rejects(review(token, []), fault);
    answer = () => Promise.resolve(true);
    assert.deepEqual(await review(token, []), yes);
  });

  it('may take so long that the token expires', async () => {
    const made = checking(async () => {
      made.seen.time = claims.exp * 1000;
      return true;
    });
    assert.deepEqual(await made.review(signed(hs256), []), no('expired'));
  });
});

describe('three answers kept apart', () => {
  it('NSS failing is no no: the error goes through, and nothing of it is kept', async () => {
    const fault = new UnavailableError('ERR_NSS_FAILED', 'the directory is away');
    const { review, known } = reviewing();
    const token = signed(hs256);
    known['alice'] = fault;
    await assert.rejects(review(token, []), fault);
    known['alice'] = alice;
    assert.deepEqual(await review(token, []), yes);
  });

  it('a key failing is no no either', async () => {
    const fault = new UnavailableError('ERR_KEY_UNAVAILABLE', 'no key');
    const verify = () => {
      throw fault;
    };
    await assert.rejects(reviewing({ verifier: { verify } }).review(signed(hs256), []), fault);
  });

  it('a bad token is a no while NSS is failing: it is not asked', async () => {
    const { review, seen } = reviewing({}, { alice: new UnavailableError('ERR_NSS_FAILED', 'away') });
    assert.deepEqual(await review(`${signed(hs256)}A`, []), no('bad signature'));
    assert.deepEqual(await review(signed(hs256, {}, { exp: 1 }), []), no('expired'));
    assert.deepEqual(await review(signed(hs256, {}, { uid: 1000 }), []), no('bad claims'));
    assert.deepEqual(seen.lookups, []);
  });

  it('garbage of any kind is a no', async () => {
    const { review } = reviewing();
    await fc.assert(
      fc.asyncProperty(anyText({ maxLength: 200 }), fc.array(fc.string()), async (token, audiences) => {
        assert.equal((await review(token, audiences)).authenticated, false);
      }),
    );
  });
});

describe('tokens seen before', () => {
  it('are verified once', async () => {
    const { review, seen } = reviewing();
    const token = signed(es256);
    for (let n = 0; n < 3; n += 1) assert.deepEqual(await review(token, []), yes);
    assert.equal(seen.verifications, 1);
    assert.equal(seen.lookups.length, 3);
  });

  it('are remembered only when the signature and the claims are right', async () => {
    const { review, seen } = reviewing();
    for (const token of [`${signed(es256).slice(0, -4)}AAAA`, 'garbage', signed(es256, {}, { uid: 0 })]) {
      const before = seen.verifications;
      await review(token, []);
      await review(token, []);
      assert.equal(seen.verifications, before + 2);
    }
  });

  it('differ from a token that differs in one character', async () => {
    const { review } = reviewing();
    const token = signed(es256);
    await review(token, []);
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...'ABab01-_.='), async (at, character) => {
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        fc.pre(changed !== token);
        assert.equal((await review(changed, [])).authenticated, false);
      }),
    );
  });

  it('are forgotten with the keys: a review made for other keys knows none of them', async () => {
    const token = signed(hs256);
    assert.deepEqual(await reviewing().review(token, []), yes);
    const turned = reviewing({ verifier: importVerifier([es256.parsed.verification]) });
    assert.deepEqual(await turned.review(token, []), no('unknown key'));
  });

  it('get the same answer only for the same identity and the same audiences', async () => {
    const { review, known } = reviewing({ audience: ['a', 'b', 'c'] });
    const token = signed(es256, {}, { aud: ['a', 'b'] });
    const first = await review(token, ['a']);
    assert.equal(await review(token, ['a']), first);
    assert.deepEqual(await review(token, ['b']), { ...yes, audiences: ['b'] });
    assert.deepEqual(await review(token, ['c']), no('wrong audience'));
    assert.deepEqual(await review(token, ['a', 'b']), { ...yes, audiences: ['a', 'b'] });
    assert.deepEqual(await review(token, []), yes);
    known['alice'] = { ...alice };
    const again = await review(token, []);
    assert.notEqual(again, first);
    assert.deepEqual(again, yes);
  });

  it('that got a yes get a no once the account is away, closed or another one, and once they end', async () => {
    let allowed = true;
    const { review, known, seen } = reviewing({ accountAllowed: async () => allowed });
    const token = signed(es256);
    const answers = async () => (await review(token, [])).authenticated;
    assert.equal(await answers(), true);
    allowed = false;
    assert.deepEqual(await review(token, []), no('account not allowed'));
    allowed = true;
    delete known['alice'];
    assert.deepEqual(await review(token, []), no('unknown user'));
    known['alice'] = { ...alice, uid: '1001' };
    assert.deepEqual(await review(token, []), no('another uid'));
    known['alice'] = alice;
    assert.equal(await answers(), true);
    seen.time = claims.exp * 1000 - 1;
    assert.equal(await answers(), true);
    seen.time += 1;
    assert.deepEqual(await review(token, []), no('expired'));
  });

  it('are bounded in number and in size', () => {
    const verified = createVerifiedTokens();
    for (let n = 0; n <= MAX_VERIFIED_TOKENS; n += 1) verified.set(`token ${n}`, { claims });
    assert.equal(verified.size, MAX_VERIFIED_TOKENS);
    assert.equal(verified.has('token 0'), false);
    const long = 'x'.repeat(MAX_TOKEN_CHARACTERS - 5);
    for (let n = 20_000; n < 20_600; n += 1) verified.set(`${n}${long}`, { claims });
    assert(verified.calculatedSize <= MAX_VERIFIED_CHARACTERS);
    assert.equal(verified.size, MAX_VERIFIED_CHARACTERS / (2 * MAX_TOKEN_CHARACTERS));
  });

  it('count the audiences and groups of a kept answer among what they hold', () => {
    const verified = createVerifiedTokens();
    const audience = 'x'.repeat(200_000);
    const user = { username: 'alice', uid: '1000', groups: Array.from({ length: 10_000 }, () => 'g'), extra: {} };
    const answer = (requested: string[], groups: string[]) => ({
      identity: alice,
      requested,
      result: { authenticated: true as const, user: { ...user, groups }, audiences: requested },
    });
    for (let n = 0; n < 100; n += 1) verified.set(`token ${n}`, { claims, answer: answer([audience], []) });
    assert.equal(verified.size, Math.floor(MAX_VERIFIED_CHARACTERS / (2 * audience.length + 100)));
    verified.clear();
    for (let n = 0; n < 200; n += 1) verified.set(`token ${n}`, { claims, answer: answer([], user.groups) });
    assert.equal(verified.size, Math.floor(MAX_VERIFIED_CHARACTERS / (16 * user.groups.length + 100)));
  });
});
