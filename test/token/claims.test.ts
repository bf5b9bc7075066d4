import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccountClaims } from '#src/keys/keys.js';
import { audiencesOf, checkClaims, checkTimes, LEEWAY, makeClaims } from '#src/token/claims.js';
import { anyString } from '../harness/any-text.js';
import { fc } from '../harness/property.js';

const now = Date.UTC(2030, 0, 1);
const input = { username: 'alice', uid: '1000', issuer: '', audience: [], lifetime: 600, now, jti: 'id-1' };
const made = makeClaims(input);

describe('makeClaims()', () => {
  it('writes the name twice, the uid as text, and times in whole seconds', () => {
    assert.deepEqual(makeClaims({ ...input, now: now + 999 }), {
      username: 'alice',
      sub: 'alice',
      uid: '1000',
      iat: now / 1000,
      nbf: now / 1000,
      exp: now / 1000 + 600,
      jti: 'id-1',
    });
  });

  it('writes `iss` only when there is an issuer', () => {
    assert.equal(makeClaims({ ...input, issuer: 'https://pamhook.example' }).iss, 'https://pamhook.example');
    assert.equal('iss' in made, false);
  });

  it('writes `aud` absent, as a string or as an array for none, one or more', () => {
    assert.equal('aud' in made, false);
    assert.equal(makeClaims({ ...input, audience: ['a'] }).aud, 'a');
    assert.deepEqual(makeClaims({ ...input, audience: ['a', 'b'] }).aud, ['a', 'b']);
  });

  it('makes what checkClaims() takes, through JSON', () => {
    const name = fc.string({ minLength: 1, maxLength: 100, unit: fc.constantFrom(...'abcABC09._-$@\\ äß') });
    const audience = fc.array(fc.string());
    fc.assert(
      fc.property(name, audience, fc.string(), fc.nat(4294967294), (username, aud, issuer, uid) => {
        const claims = makeClaims({ ...input, username, audience: aud, issuer, uid: String(uid) });
        const read = checkClaims(JSON.parse(JSON.stringify(claims)), issuer);
        assert.deepEqual(read, claims);
        assert.deepEqual(audiencesOf(claims), aud);
      }),
    );
  });
});

describe('checkClaims()', () => {
  it('keeps the claims it knows and drops the rest', () => {
    assert.deepEqual(checkClaims({ ...made, groups: ['system:masters'], admin: true }, ''), made);
  });

  it('asks for the very issuer when there is one, and for none otherwise', () => {
    const issuer = 'https://pamhook.example';
    const from = (iss: unknown) => checkClaims({ ...made, ...(iss === undefined ? {} : { iss }) }, issuer);
    assert.deepEqual(from(issuer), { ...made, iss: issuer });
    for (const iss of [undefined, '', `${issuer}/`, issuer.toUpperCase(), 'https://pamhook.exampl']) {
      assert.equal(from(iss), 'wrong issuer');
    }
    assert.deepEqual(checkClaims({ ...made, iss: 'anyone' }, ''), { ...made, iss: 'anyone' });
  });

  /** The rules once more, a line each; undefined: none of them is broken. */
  function brokenRule({
    username,
    sub,
    uid,
    iss,
    aud,
    iat,
    nbf,
    exp,
    jti,
  }: Record<string, unknown>): string | undefined {
    const isDate = (value: unknown) => typeof value === 'number' && value >= 0 && value <= 8.64e12;
    const isPlain = (value: unknown, form: RegExp) => typeof value === 'string' && form.test(value);
    if (!isPlain(username, /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+$/u) || Buffer.byteLength(String(username)) > 511)
      return 'username';
    if (sub !== username) return 'sub';
    if (!isPlain(uid, /^(0|[1-9]\d{0,9})$/)) return 'uid';
    if (!isPlain(jti, /^[!-~]{1,128}$/)) return 'jti';
    if (![iat, nbf, exp].every(isDate)) return 'time';
    if (iss !== undefined && typeof iss !== 'string') return 'iss';
    const audiences = Array.isArray(aud) ? aud : [aud ?? ''];
    return audiences.every((one) => typeof one === 'string') && aud !== null ? undefined : 'aud';
  }

  it('takes the claims that keep every rule, and no others, whatever JSON they are', () => {
    const member = fc.constantFrom('username', 'sub', 'uid', 'iss', 'aud', 'iat', 'nbf', 'exp', 'jti', 'groups');
    const odd = fc.constantFrom(
      '',
      '0',
      '00',
      '-1',
      '1e3',
      '9999999999',
      ' 1',
      '1\n',
      -1,
      -0,
      0.5,
      8.64e12,
      1e308,
      'a\0',
      'x'.repeat(512),
    );
    const some = fc.oneof(odd, anyString({ maxLength: 20 }), fc.double(), fc.jsonValue());
    const changes = fc.dictionary(member, some, { maxKeys: 3, noNullPrototype: true });
    const both = anyString({ maxLength: 20 }).map((username) => ({ username, sub: username }));
    fc.assert(
      fc.property(fc.oneof(changes, both), fc.constantFrom('', 'me'), (changed, issuer) => {
        const claims = JSON.parse(JSON.stringify({ ...made, ...changed }).replaceAll('1e+308', '1e999'));
        const read = checkClaims(claims, issuer);
        if (brokenRule(claims) !== undefined) return assert.equal(read, 'bad claims', brokenRule(claims));
        if (issuer !== '' && claims.iss !== issuer) return assert.equal(read, 'wrong issuer');
        const { groups, ...wanted } = claims;
        assert.deepEqual(read, wanted);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('checkTimes()', () => {
  const at = (claims: Partial<AccountClaims>, time: number) => checkTimes({ ...made, ...claims }, time);

  it('has no leeway for `exp`: good a millisecond before, expired on the second', () => {
    assert.equal(at({}, made.exp * 1000 - 1), undefined);
    assert.equal(at({}, made.exp * 1000), 'expired');
    assert.equal(at({}, made.exp * 1000 + 1), 'expired');
  });

  for (const claim of ['nbf', 'iat'] as const) {
    it(`has 30 s of leeway for \`${claim}\`, to the millisecond`, () => {
      assert.equal(LEEWAY, 30);
      const ahead = (seconds: number, time = now) => at({ [claim]: now / 1000 + seconds }, time);
      assert.equal(ahead(30), undefined);
      assert.equal(ahead(30, now - 1), 'not yet valid');
      assert.equal(ahead(31), 'not yet valid');
      assert.equal(ahead(-1_000_000), undefined);
    });
  }

  it('says expired of a token that is both expired and from the future', () => {
    assert.equal(at({ exp: 1, nbf: now / 1000 + 3600 }, now), 'expired');
  });

  it('takes fractions of a second as they stand', () => {
    assert.equal(at({ exp: now / 1000 + 0.5 }, now + 499), undefined);
    assert.equal(at({ exp: now / 1000 + 0.5 }, now + 500), 'expired');
  });
});
