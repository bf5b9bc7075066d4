/** Attacks by tokens that are rightly signed: claims of other types, names and numbers than ours. Forged ones are in test/keys/attacks.test.ts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReviewRefusal } from '#src/token/review.js';
import { hs256 } from '../keys/generated-keys.js';
import { claims, headerOf, now, signed, signerOf, spell } from '../keys/spelled-token.js';
import { alice, reviewing } from './reviewing.js';

/** Each name is an account, so that only the claims stand between the token and a yes. */
async function refuses(payload: object | string, refusal: ReviewRefusal): Promise<void> {
  const name = typeof payload === 'object' && 'username' in payload ? String(payload.username) : 'alice';
  const { review, seen } = reviewing({}, { alice, [name]: { ...alice, username: name } });
  const token =
    typeof payload === 'string' ? spell(headerOf(hs256), payload, signerOf(hs256)) : signed(hs256, {}, payload);
  assert.deepEqual(await review(token, []), { authenticated: false, refusal }, JSON.stringify(payload));
  assert.deepEqual(seen.lookups, []);
}

/** The claims as JSON text, one of them replaced by text that JSON.stringify() cannot write. */
function withText(claim: keyof typeof claims, text: string): string {
  return JSON.stringify(claims).replace(JSON.stringify(claims[claim]), text);
}

describe('attacks on numbers', () => {
  it('exp missing, null, as text, as another type', async () => {
    for (const exp of [undefined, null, String(claims.exp), '', true, [claims.exp], { seconds: claims.exp }]) {
      await refuses({ exp }, 'bad claims');
    }
  });

  it('nbf and iat missing, null, as text, as another type', async () => {
    for (const value of [undefined, null, String(claims.iat), false, [claims.iat], {}]) {
      await refuses({ nbf: value }, 'bad claims');
      await refuses({ iat: value }, 'bad claims');
    }
  });

  it('huge numbers that never come to pass: 1e400, beyond the last date, beyond 2^53', async () => {
    for (const number of ['1e400', '1e309', '8640000000001', '9007199254740993', '1e21']) {
      await refuses(withText('exp', number), 'bad claims');
    }
    const { review } = reviewing();
    assert.equal((await review(signed(hs256, {}, { exp: 8_640_000_000_000 }), [])).authenticated, true);
  });

  it('negative and vanishing numbers', async () => {
    for (const exp of [-1, -1e308]) await refuses({ exp }, 'bad claims');
    await refuses(withText('exp', '-1e400'), 'bad claims');
    await refuses(withText('exp', '1e-400'), 'expired');
    await refuses({ exp: 0 }, 'expired');
    for (const nbf of [-1, -1e308]) await refuses({ nbf }, 'bad claims');
  });

  it('a token from the future', async () => {
    await refuses({ iat: now / 1000 + 31, exp: now / 1000 + 600 }, 'not yet valid');
    await refuses({ nbf: now / 1000 + 31, exp: now / 1000 + 600 }, 'not yet valid');
  });

  it('milliseconds in place of seconds in nbf', async () => {
    await refuses({ nbf: now }, 'not yet valid');
  });
});

describe('attacks on names', () => {
  it('username missing, empty or no string', async () => {
    for (const username of [undefined, null, '', 0, 1000, true, ['alice'], { name: 'alice' }]) {
      await refuses({ username, sub: username }, 'bad claims');
      await refuses({ username, sub: 'alice' }, 'bad claims');
    }
  });

  it('username and sub that differ', async () => {
    for (const sub of [undefined, null, '', 'root', 'Alice', 'alice ', ['alice']]) await refuses({ sub }, 'bad claims');
  });

  it('NUL, newline and other controls in names', async () => {
    for (const name of [
      'alice\0',
      'alice\0root',
      '\0',
      'alice\n',
      'alice\r\nroot',
      'al\tice',
      'alice\u0085',
      'alice\u2028',
      'a\ud800',
    ]) {
      await refuses({ username: name, sub: name }, 'bad claims');
    }
  });

  it('a name longer than PAM takes', async () => {
    const name = 'x'.repeat(512);
    await refuses({ username: name, sub: name }, 'bad claims');
  });

  it('names that Kubernetes keeps for itself', async () => {
    for (const name of ['system:admin', 'system:', 'system:serviceaccount:kube-system:default', 'system:node:n']) {
      await refuses({ username: name, sub: name }, 'reserved name');
    }
  });

  it('names that every object has', async () => {
    for (const name of ['__proto__', 'constructor', 'hasOwnProperty']) {
      const { review } = reviewing();
      const result = await review(signed(hs256, {}, { username: name, sub: name }), []);
      assert.deepEqual(result, { authenticated: false, refusal: 'unknown user' });
    }
  });

  it('claims put under __proto__', async () => {
    const { username: _, ...rest } = claims;
    await refuses(`{"__proto__":{"username":"alice"},${JSON.stringify(rest).slice(1)}`, 'bad claims');
  });
});

describe('attacks on the rest', () => {
  it('uid missing, a number, or spelled otherwise than NSS spells it', async () => {
    for (const uid of [
      undefined,
      null,
      1000,
      '',
      '01000',
      '+1000',
      '-1',
      ' 1000',
      '1000\n',
      '1e3',
      '0x3e8',
      '1000.0',
      '١٠',
      ['1000'],
      '99999999999',
    ]) {
      await refuses({ uid }, 'bad claims');
    }
  });

  it('jti missing, empty, endless, or with what would forge a line', async () => {
    for (const jti of [undefined, null, '', 1, ['a-jti'], 'a\nb', 'a b', 'ä', 'x'.repeat(129)]) {
      await refuses({ jti }, 'bad claims');
    }
  });

  it('aud and iss of other types', async () => {
    for (const value of [null, 1, true, {}, { 0: 'a', length: 1 }, ['a', 1], ['a', null], [['a']]]) {
      await refuses({ aud: value }, 'bad claims');
      await refuses({ iss: value }, 'bad claims');
    }
    await refuses({ iss: ['https://pamhook.example'] }, 'bad claims');
  });

  it('groups, uid 0 and extra claims of its own count for nothing', async () => {
    const { review } = reviewing();
    const result = await review(signed(hs256, {}, { groups: ['system:masters'], extra: { a: ['b'] }, gid: '0' }), []);
    assert.deepEqual(result.authenticated && result.user.groups, alice.groups);
    await review(signed(hs256, {}, { uid: '0' }), []).then((refused) =>
      assert.deepEqual(refused, { authenticated: false, refusal: 'another uid' }),
    );
  });

  it('a claim twice', async () => {
    await refuses(JSON.stringify(claims).replace('{', '{"username":"root",'), 'malformed');
    await refuses(JSON.stringify(claims).replace(/\}$/, ',"exp":8640000000000}'), 'malformed');
  });

  it('what kube-apiserver passes on from strangers: 65,000 characters, tokens of other issuers', async () => {
    const { review } = reviewing();
    assert.deepEqual(await review('x'.repeat(65_000), []), { authenticated: false, refusal: 'too long' });
    const foreign = spell({ alg: 'RS256', kid: 'another-cluster' }, { iss: 'https://kubernetes.default.svc' }, () =>
      Buffer.alloc(256),
    );
    assert.deepEqual(await review(foreign, []), { authenticated: false, refusal: 'unknown key' });
  });
});
