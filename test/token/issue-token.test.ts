import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PamhookError, UnavailableError } from '#src/errors.js';
import type { Identity } from '#src/identity/identity.js';
import { importSigningMaterial } from '#src/keys/signer.js';
import { importVerifier } from '#src/keys/verifier.js';
import type { PamAnswer, PamQuestion } from '#src/pam/pam.js';
import { Secret } from '#src/secret.js';
import { MAX_TOKEN_CHARACTERS } from '#src/token/claims.js';
import { createIssueToken, type IssueTokenOptions } from '#src/token/issue-token.js';
import type { LoginRequest } from '#src/token/login.js';
import { es256 } from '../keys/generated-keys.js';
import { openPolicy } from './reviewing.js';

const now = Date.UTC(2030, 0, 1) + 250;
const detail = { code: 'PAM_SUCCESS', stage: 'user', failDelay: 0 };
const messages = ['password expires in 3 days'];
const alice: Identity = { username: 'alice', uid: '1000', groups: ['users'] };
const accepted: PamAnswer = { outcome: 'accepted', username: 'alice', messages, detail };

function request(changes: Partial<LoginRequest> = {}): LoginRequest {
  const responses = [Secret.fromString('pass word'), Secret.fromString('123456')];
  const plain = { requestId: 'r', username: 'Alice', source: '192.0.2.1', lifetime: undefined, audience: undefined };
  return { ...plain, responses, ...changes };
}

/** A worker whose PAM answers `answer` (or throws it) and whose NSS knows `known`. */
function worker(
  answer: PamAnswer | Error,
  known: Identity | undefined | Error,
  changes: Partial<IssueTokenOptions> = {},
) {
  const asked: { question: PamQuestion; passwords: string[] }[] = [];
  const names: string[] = [];
  const issueToken = createIssueToken({
    pam: {
      ask(question) {
        asked.push({ question, passwords: question.responses.map((response) => response.bytes().toString()) });
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    identities: {
      async find(name) {
        names.push(name);
        if (known instanceof Error) throw known;
        return known;
      },
    },
    signer: importSigningMaterial(es256.parsed.signing),
    issuer: '',
    audience: [],
    defaultLifetime: 300,
    maxLifetime: 600,
    claims: [],
    policy: openPolicy,
    now: () => now,
    randomId: () => 'id-1',
    ...changes,
  });
  return { issueToken, asked, names };
}

const verifier = importVerifier([es256.parsed.verification]);

function claimsIn(token: string) {
  const verification = verifier.verify(token);
  assert(verification.valid);
  return verification.claims;
}

describe('issueToken()', () => {
  it('asks PAM with what the client sent, and signs for the account NSS knows', async () => {
    const { issueToken, asked, names } = worker(accepted, alice);
    const result = await issueToken(request());
    assert(result.outcome === 'issued');
    const { token, ...rest } = result;
    const iat = Math.floor(now / 1000);
    const expiresAt = iat + 300;
    assert.deepEqual(rest, {
      outcome: 'issued',
      jti: 'id-1',
      uid: '1000',
      username: 'alice',
      expiresAt,
      messages,
      detail,
    });
    assert.deepEqual(claimsIn(token), {
      username: 'alice',
      sub: 'alice',
      uid: '1000',
      iat,
      nbf: iat,
      exp: expiresAt,
      jti: 'id-1',
    });
    assert.deepEqual([asked[0]?.question.username, asked[0]?.question.remoteHost], ['Alice', '192.0.2.1']);
    assert.deepEqual(asked[0]?.passwords, ['pass word', '123456']);
    assert.deepEqual(names, ['alice']);
  });

  it("writes NSS's own spelling of the name, not the one PAM ended with", async () => {
    const { issueToken } = worker({ ...accepted, username: 'ALICE' }, alice);
    const result = await issueToken(request());
    assert(result.outcome === 'issued');
    assert.equal(result.username, 'alice');
    assert.equal(claimsIn(result.token)['sub'], 'alice');
  });

  it('writes issuer and audience as configured', async () => {
    const { issueToken } = worker(accepted, alice, { issuer: 'https://p.example', audience: ['a', 'b'] });
    const result = await issueToken(request());
    assert(result.outcome === 'issued');
    const { iss, aud } = claimsIn(result.token);
    assert.deepEqual([iss, aud], ['https://p.example', ['a', 'b']]);
  });

  it('gives the lifetime asked for, from 1 s to the longest', async () => {
    for (const lifetime of [1, 599, 600]) {
      const result = await worker(accepted, alice).issueToken(request({ lifetime }));
      assert(result.outcome === 'issued');
      assert.equal(result.expiresAt, Math.floor(now / 1000) + lifetime);
    }
  });

  it('gives the default lifetime when none is asked for', async () => {
    const result = await worker(accepted, alice).issueToken(request());
    assert(result.outcome === 'issued');
    assert.equal(result.expiresAt, Math.floor(now / 1000) + 300);
  });

  it('takes a lifetime out of range for a broken protocol, and leaves PAM alone', async () => {
    for (const lifetime of [0, -1, 601, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '60' as unknown as number]) {
      const { issueToken, asked } = worker(accepted, alice);
      const isProtocolFault = (error: unknown) => error instanceof PamhookError && error.code === 'ERR_PROTOCOL';
      await assert.rejects(issueToken(request({ lifetime })), isProtocolFault);
      assert.equal(asked.length, 0);
    }
  });

  it('writes the audiences asked for, in the order of the configuration', async () => {
    for (const [asked, aud] of [
      [
        ['c', 'a'],
        ['a', 'c'],
      ],
      [['b'], 'b'],
      [
        ['a', 'b', 'c'],
        ['a', 'b', 'c'],
      ],
    ] as const) {
      const { issueToken } = worker(accepted, alice, { audience: ['a', 'b', 'c'] });
      const result = await issueToken(request({ audience: asked }));
      assert(result.outcome === 'issued');
      assert.deepEqual(claimsIn(result.token)['aud'], aud);
    }
  });

  it('takes an audience that is not configured, or none at all, for a broken protocol, and leaves PAM alone', async () => {
    for (const [configured, audience] of [
      [['a', 'b'], ['c']],
      [
        ['a', 'b'],
        ['a', 'c'],
      ],
      [['a', 'b'], []],
      [[], ['a']],
      [[], []],
    ] as const) {
      const { issueToken, asked } = worker(accepted, alice, { audience: configured });
      const login = request({ audience });
      await assert.rejects(issueToken(login), { code: 'ERR_PROTOCOL' });
      assert.equal(asked.length, 0);
      for (const response of login.responses) assert(response.bytes().every((byte) => byte === 0));
    }
  });

  it('passes on what PAM refused or asked for, and asks NSS nothing', async () => {
    const answers: PamAnswer[] = [
      { outcome: 'refused', messages: [], detail: { code: 'PAM_AUTH_ERR', stage: 'authenticate', failDelay: 2000 } },
      { outcome: 'refused', reason: 'account expired', messages, detail: { ...detail, code: 'PAM_ACCT_EXPIRED' } },
      { outcome: 'prompted', prompts: [{ text: 'Code: ', echo: true }], detail: { ...detail, code: 'PAM_CONV_ERR' } },
    ];
    for (const answer of answers) {
      const { issueToken, names } = worker(answer, alice);
      assert.deepEqual(await issueToken(request()), answer);
      assert.deepEqual(names, []);
    }
  });

  it('refuses, after the right password, an account that NSS does not know', async () => {
    const result = await worker(accepted, undefined).issueToken(request());
    assert.deepEqual(result, { outcome: 'refused', reason: 'access denied', denial: 'unknown user', messages, detail });
  });

  it('refuses names that Kubernetes keeps for itself, whether PAM or NSS brings them', async () => {
    const expected = { outcome: 'refused', reason: 'access denied', denial: 'reserved name', messages, detail };
    const byPam = worker({ ...accepted, username: 'system:admin' }, alice);
    assert.deepEqual(await byPam.issueToken(request()), expected);
    const byNss = worker(accepted, { ...alice, username: 'system:admin' });
    assert.deepEqual(await byNss.issueToken(request()), expected);
  });

  it('refuses a name that no review would take', async () => {
    for (const username of ['', 'a\nb', 'a\0b', 'x'.repeat(512)]) {
      const result = await worker(accepted, { ...alice, username }).issueToken(request());
      assert.equal(result.outcome === 'refused' && result.denial, 'unusable name');
    }
  });

  it('refuses, after the right password, an account that a policy keeps out', async () => {
    for (const [policy, denial] of [
      [{ ...openPolicy, allowGroups: ['wheel'] }, 'not in allow-groups'],
      [{ ...openPolicy, minUid: 1001 }, 'uid below min-uid'],
    ] as const) {
      const { issueToken, asked } = worker(accepted, alice, { policy });
      const refused = { outcome: 'refused', reason: 'access denied', denial, messages, detail };
      assert.deepEqual(await issueToken(request()), refused);
      assert.equal(asked.length, 1);
    }
    const member = worker(accepted, alice, { policy: { ...openPolicy, allowGroups: ['users'], minUid: 1000 } });
    assert.equal((await member.issueToken(request())).outcome, 'issued');
  });

  it('says nothing of policies after a wrong password', async () => {
    const wrong: PamAnswer = { outcome: 'refused', messages: [], detail };
    const { issueToken } = worker(wrong, alice, { policy: { ...openPolicy, allowGroups: ['wheel'], minUid: 5000 } });
    assert.deepEqual(await issueToken(request()), wrong);
  });

  it('writes the groups that the filter lets through, without prefix and never a reserved one', async () => {
    const groups = ['users', 'k8s-admins', 'system:masters', 'system:', 'docker'];
    const policy = {
      ...openPolicy,
      groupsPrefix: 'unix:',
      usernamePrefix: 'unix:',
      groupsFilter: ['k8s-*', 'system:*', 'users'],
    };
    for (const [claims, expected] of [
      [['groups'], ['users', 'k8s-admins']],
      [[], undefined],
    ] as const) {
      const result = await worker(accepted, { ...alice, groups }, { claims, policy }).issueToken(request());
      assert(result.outcome === 'issued');
      const { groups: written, username } = claimsIn(result.token);
      assert.deepEqual([written, username, result.groupsFault], [expected, 'alice', undefined]);
    }
    const none = await worker(accepted, { ...alice, groups: [] }, { claims: ['groups'] }).issueToken(request());
    assert(none.outcome === 'issued');
    assert.deepEqual(claimsIn(none.token)['groups'], []);
  });

  it('leaves out groups with which the token would be longer than any may be, and says so', async () => {
    const issueWith = async (characters: number) => {
      const groups = ['g'.repeat(characters)];
      const result = await worker(accepted, { ...alice, groups }, { claims: ['groups'] }).issueToken(request());
      assert(result.outcome === 'issued');
      return result;
    };
    const { token: short } = await issueWith(1);
    // Three characters of a claim are four of the token.
    const most = 1 + Math.floor((MAX_TOKEN_CHARACTERS - short.length) * 0.75);
    const whole = await issueWith(most);
    assert.deepEqual([whole.groupsFault, whole.messages], [undefined, messages]);
    assert(MAX_TOKEN_CHARACTERS - whole.token.length < 4);
    const cut = await issueWith(most + 3);
    assert.equal('groups' in claimsIn(cut.token), false);
    assert.equal(cut.groupsFault, 'too long');
    assert.match(cut.messages[0] ?? '', /^Your groups are not in this token: .* 16384 characters\.$/);
    assert.deepEqual(cut.messages.slice(1), messages);
  });

  it('writes the groups that could be looked up, and says that there may be more', async () => {
    const known: Identity = { ...alice, incomplete: true };
    const result = await worker(accepted, known, { claims: ['groups'] }).issueToken(request());
    assert(result.outcome === 'issued');
    assert.deepEqual([claimsIn(result.token)['groups'], result.groupsFault], [['users'], 'incomplete']);
    assert.match(result.messages[0] ?? '', /could not be looked up/);
    const without = await worker(accepted, known).issueToken(request());
    assert.equal(without.outcome === 'issued' && without.groupsFault, undefined);
  });

  it('is unavailable, not a refusal, when PAM, NSS or the key is', async () => {
    const pamFault = new UnavailableError('ERR_PAM_UNAVAILABLE', 'no module');
    await assert.rejects(worker(pamFault, alice).issueToken(request()), pamFault);
    const nssFault = new UnavailableError('ERR_NSS_FAILED', 'no directory');
    await assert.rejects(worker(accepted, nssFault).issueToken(request()), nssFault);
    const keyFault = new UnavailableError('ERR_KEY_UNAVAILABLE', 'no key');
    const sign = () => {
      throw keyFault;
    };
    const signer = { algorithm: 'ES256', kid: 'k', sign } as const;
    await assert.rejects(worker(accepted, alice, { signer }).issueToken(request()), keyFault);
  });

  it('wipes the responses as soon as PAM has had them, however the login ends', async () => {
    const ends: [PamAnswer | Error, Identity | undefined | Error, number | undefined][] = [
      [accepted, alice, undefined],
      [accepted, new Error('NSS'), undefined],
      [new Error('PAM'), alice, undefined],
      [{ outcome: 'refused', messages: [], detail }, alice, undefined],
      [accepted, alice, 601],
    ];
    for (const [answer, known, lifetime] of ends) {
      const login = request({ lifetime });
      const ended = worker(answer, known).issueToken(login);
      // Not awaited yet: NSS may take its time, the passwords must be gone before.
      for (const response of login.responses) assert(response.bytes().every((byte) => byte === 0));
      await ended.catch(() => undefined);
    }
  });
});
