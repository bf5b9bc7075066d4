/** Tokens for whom a proxy vouches: what the PAM worker makes of what it is asked, and reviews of what it made or somebody forged. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PamhookError, UnavailableError } from '#src/errors.js';
import type { Identity } from '#src/identity/identity.js';
import { importSigningMaterial } from '#src/keys/signer.js';
import { makeClaims, makeVouchedClaims } from '#src/token/claims.js';
import { createVouchToken, type VouchTokenOptions } from '#src/token/vouch-token.js';
import type { Vouching } from '#src/token/vouching.js';
import { es256 } from '../keys/generated-keys.js';
import { openPolicy, reviewing } from './reviewing.js';

const now = Date.UTC(2030, 0, 1);
const signer = importSigningMaterial(es256.parsed.signing);
const alice: Identity = { username: 'alice', uid: '1000', groups: ['users'] };
const vouching: Vouching = { prefix: '', requireUnixUser: false, groups: true };
const strict: Vouching = { ...vouching, requireUnixUser: true };
const common = { issuer: '', audience: [], lifetime: 60, now, jti: 'id-1' };

function worker(changes: Partial<VouchTokenOptions> = {}, known: Identity | 'nobody' | Error = alice) {
  const asked: string[] = [];
  const vouch = createVouchToken({
    vouching,
    identities: {
      async find(name) {
        asked.push(name);
        if (known instanceof Error) throw known;
        return known === 'nobody' ? undefined : known;
      },
    },
    signer,
    issuer: '',
    audience: ['a', 'b'],
    defaultLifetime: 300,
    maxLifetime: 600,
    policy: openPolicy,
    now: () => now,
    randomId: () => 'id-1',
    ...changes,
  });
  const ask = (username: string, groups: readonly string[] = [], choice = {}) =>
    vouch({ username, groups, lifetime: undefined, audience: undefined, ...choice });
  return { ask, asked };
}

const isProtocolFault = (error: unknown) => error instanceof PamhookError && error.code === 'ERR_PROTOCOL';

function reviewOf(
  vouched: Vouching | undefined,
  claims: object,
  identities?: { find(name: string): Promise<Identity | undefined> },
) {
  const { review, seen } = reviewing({
    ...(vouched && { vouching: vouched }),
    ...(identities && { identities }),
  });
  seen.time = now;
  return review(signer.sign(claims as Parameters<typeof signer.sign>[0]), []);
}

describe('the worker', () => {
  it('refuses everybody while user-header is not set, whoever asks', async () => {
    await assert.rejects(worker({ vouching: undefined }).ask('alice'), isProtocolFault);
  });

  it('asks for no account where none is required, and binds the token to the uid where one is', async () => {
    const lax = worker();
    const free = await lax.ask('alice', ['ops']);
    assert.ok(free.outcome === 'issued');
    assert.deepEqual([free.uid, lax.asked], [undefined, []]);
    const bound = await worker({ vouching: strict }).ask('ALICE', ['ops']);
    assert.ok(bound.outcome === 'issued');
    assert.deepEqual([bound.uid, bound.username], ['1000', 'alice']);
  });

  it('refuses what no token may have, and who may have none', async () => {
    const ended = async (made: ReturnType<typeof worker>, ...asked: Parameters<typeof made.ask>) => {
      const result = await made.ask(...asked);
      return result.outcome === 'refused' ? result.denial : result.outcome;
    };
    assert.equal(await ended(worker(), 'system:admin'), 'reserved name');
    for (const name of ['', 'a\nb', 'a\0b', 'x'.repeat(512), '\ud800'])
      assert.equal(await ended(worker(), name), 'unusable name');
    assert.equal(await ended(worker(), 'carol', Array(257).fill('g')), 'too many groups');
    assert.equal(await ended(worker(), 'carol', Array(17).fill('g'.repeat(511))), 'too many groups');
    assert.equal(await ended(worker(), 'carol', ['a\nb']), 'unusable group');
    const quotes = Array.from({ length: 256 }, (_, n) => `${'"\\'.repeat(14)}${n}`);
    assert.equal(await ended(worker(), 'carol', quotes), 'too many groups', 'the token would be too long');
    assert.equal(await ended(worker({ vouching: strict }, 'nobody'), 'carol'), 'unknown user');
    const policy = { ...openPolicy, minUid: 1001 };
    assert.equal(await ended(worker({ vouching: strict, policy }), 'alice'), 'uid below min-uid');
    const grouped = { ...openPolicy, allowGroups: ['users'] };
    assert.equal(await ended(worker({ policy: grouped }), 'alice', ['ops']), 'not in allow-groups');
    assert.equal(await ended(worker({ vouching: strict, policy: grouped }), 'alice', ['ops']), 'not in allow-groups');
    assert.equal(await ended(worker({ vouching: { ...strict, groups: false }, policy: grouped }), 'alice'), 'issued');
  });

  it('leaves groups out that are reserved, or held back by groups-filter', async () => {
    const policy = { ...openPolicy, groupsFilter: ['o*', 's*'] };
    const result = await worker({ policy }).ask('carol', ['ops', 'dev', 'system:masters', 'ops']);
    assert.ok(result.outcome === 'issued');
    assert.deepEqual(result.groups, ['ops']);
  });

  it('takes a lifetime or audience that may not be asked for as a broken protocol', async () => {
    for (const choice of [{ lifetime: 601 }, { lifetime: 0 }, { audience: ['c'] }, { audience: [] }])
      await assert.rejects(worker().ask('carol', [], choice), isProtocolFault);
  });

  it('cannot tell where the user database fails and an account is required', async () => {
    const fault = new UnavailableError('ERR_NSS_FAILED', 'x');
    await assert.rejects(worker({ vouching: strict }, fault).ask('alice'), fault);
  });
});

describe('a review', () => {
  const vouched = makeVouchedClaims({ ...common, username: 'alice', groups: ['ops'] });
  const bound = makeVouchedClaims({ ...common, username: 'alice', uid: '1000', groups: ['ops'] });
  const account = makeClaims({ ...common, username: 'alice', uid: '1000' });
  const aliceIn = (identity: Identity | undefined) => ({ find: async () => identity });

  it('says yes to the token of a proxy only while user-header is set', async () => {
    assert.equal((await reviewOf(vouching, vouched)).authenticated, true);
    assert.deepEqual(await reviewOf(undefined, vouched), { authenticated: false, refusal: 'header not believed' });
    assert.deepEqual(await reviewOf(undefined, bound), { authenticated: false, refusal: 'header not believed' });
  });

  it('takes neither shape for the other, nor anything between them', async () => {
    const { uid: _, ...noUid } = account;
    const forged: Record<string, object> = {
      'an account without a uid': noUid,
      'an account with an origin': { ...account, origin: 'header' },
      'an account with another origin': { ...account, origin: 'pam' },
      'an account of an origin of null': { ...account, origin: null },
      'an account with the sub of a proxy': { ...account, sub: 'header:alice' },
      'a proxy with a username': { ...vouched, username: 'alice' },
      'a proxy with the sub of an account': { ...vouched, sub: 'alice' },
      'a proxy with no name': { ...vouched, sub: 'header:' },
      'a proxy with no sub': { ...vouched, sub: undefined },
      'a proxy of another origin': { ...vouched, origin: 'Header' },
      'a proxy of a list of origins': { ...vouched, origin: ['header'] },
      'a proxy without groups': { ...vouched, groups: undefined },
      'a proxy with groups that are no list': { ...vouched, groups: 'ops' },
      'a proxy with a group that is no text': { ...vouched, groups: [1] },
      'a proxy with too many groups': { ...vouched, groups: Array(257).fill('g') },
      'a proxy with a uid that is none': { ...vouched, uid: 1000 },
    };
    for (const [what, claims] of Object.entries(forged)) {
      const given = JSON.parse(JSON.stringify(claims));
      assert.deepEqual(
        await reviewOf(vouching, given, aliceIn(alice)),
        { authenticated: false, refusal: 'bad claims' },
        what,
      );
    }
  });

  it('passes on no reserved name, whatever is in the token', async () => {
    const sub = await reviewOf(vouching, { ...vouched, sub: 'header:system:admin' });
    assert.deepEqual(sub, { authenticated: false, refusal: 'reserved name' });
    const masters = await reviewOf(vouching, { ...vouched, groups: ['system:masters', 'ops'] });
    assert.ok(masters.authenticated);
    assert.deepEqual(masters.user.groups, ['ops']);
  });

  it('asks for the account where one is required, and for the uid of the token', async () => {
    const refusalOf = async (claims: object, identity: Identity | undefined) => {
      const result = await reviewOf(strict, claims, aliceIn(identity));
      return result.authenticated ? result.user.uid : result.refusal;
    };
    assert.equal(await refusalOf(bound, alice), '1000');
    assert.equal(await refusalOf(bound, undefined), 'unknown user');
    assert.equal(await refusalOf(bound, { ...alice, username: 'Alice' }), 'unknown user');
    assert.equal(await refusalOf(bound, { ...alice, uid: '1001' }), 'another uid');
    assert.equal(await refusalOf(vouched, alice), 'another uid');
  });

  it('takes no groups from the token once group-header is not set', async () => {
    const result = await reviewOf({ ...vouching, groups: false }, vouched);
    assert.ok(result.authenticated);
    assert.deepEqual(result.user.groups, []);
  });
});
