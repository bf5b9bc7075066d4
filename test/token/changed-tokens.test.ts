/** Attacks by change: tokens cut up, mixed, spelled anew and edited anywhere. A yes is only ever given to what a key of ours signed, and for whom. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Identity } from '#src/identity/identity.js';
import { edited } from '../harness/edited.js';
import { fc } from '../harness/property.js';
import { allKeys, es256 } from '../keys/generated-keys.js';
import { signed } from '../keys/spelled-token.js';
import { alice, reviewing } from './reviewing.js';

const bob: Identity = { username: 'bob', uid: '1001', groups: ['users'] };
const known = { alice, bob };
const ofBob = { username: 'bob', sub: 'bob', uid: '1001' };

/** Every token that is good, by what its signature is over, with its user. */
const good = new Map(
  allKeys
    .flatMap((key) => [signed(key), signed(key, {}, ofBob), signed(key, {}, { jti: 'other' })])
    .map((token) => {
      const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
      return [token.slice(0, token.lastIndexOf('.')), { token, username: payload.username as string }] as const;
    }),
);
const tokens = [...good.values()].map(({ token }) => token);
const token = fc.constantFrom(...tokens);
const part = (at: number) => token.map((one) => one.split('.')[at] ?? '');

/** The order of P-256 (FIPS 186-4, D.1.2.3): s and n - s are both right signatures, which no signer can help. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function mirrored(spelled: string): string {
  const bytes = Buffer.from(spelled, 'base64url');
  const s = ORDER - BigInt(`0x${bytes.subarray(32, 64).toString('hex') || '0'}`);
  return Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]).toString(
    'base64url',
  );
}

/** As OpenSSL writes ECDSA signatures. */
function inDer(spelled: string): string {
  const bytes = Buffer.from(spelled, 'base64url');
  const half = bytes.length / 2;
  const integers = [bytes.subarray(0, half), bytes.subarray(half)].map((number) => [0x02, half + 1, 0, ...number]);
  const body = integers.flat();
  return Buffer.from([0x30, body.length, ...body]).toString('base64url');
}

const respell: readonly ((segment: string) => string)[] = [
  (segment) => segment,
  (segment) => `${segment}=`,
  (segment) => `${segment}==`,
  (segment) => segment.replaceAll('-', '+').replaceAll('_', '/'),
  (segment) => segment.toLowerCase(),
  (segment) => segment.slice(0, -1),
  (segment) => `${segment}AA`,
  (segment) => Buffer.from(`${Buffer.from(segment, 'base64url').toString('latin1')}\0`, 'latin1').toString('base64url'),
  (segment) => Buffer.from(` ${Buffer.from(segment, 'base64url')}`).toString('base64url'),
  (segment) =>
    Buffer.from(Buffer.from(segment, 'base64url').toString().replace('{', '{"uid":"0",')).toString('base64url'),
  (segment) =>
    Buffer.from(Buffer.from(segment, 'base64url').toString().replaceAll('alice', 'bob')).toString('base64url'),
  mirrored,
  inDer,
];
const spelling = fc.constantFrom(...respell);
const mixed = fc
  .tuple(part(0), part(1), part(2), spelling, spelling, spelling)
  .map(([header, payload, signature, first, second, third]) =>
    [first(header), second(payload), third(signature)].join('.'),
  );
const character = fc.constantFrom(...'AQgwZaz019-_.=+/ \n\0é', '..', ...tokens.flatMap((one) => one.split('.')));
const framed = fc
  .tuple(fc.constantFrom('', 'Bearer ', ' ', '\n', '.'), token, fc.constantFrom('', ' ', '\n', '.', '\0', '.e30', '?'))
  .map((parts) => parts.join(''));
const changed = fc.oneof(mixed, edited(token, character), framed);

type Review = ReturnType<typeof reviewing>['review'];

async function holds(review: Review, given: string): Promise<boolean> {
  const result = await review(given, []);
  const signer = good.get(given.slice(0, given.lastIndexOf('.')));
  if (!result.authenticated) {
    assert.notEqual(signer?.token, given, 'a good token is a yes');
    return false;
  }
  assert.equal(result.user.username, signer?.username, given);
  return true;
}

describe('a changed token', () => {
  it('is a yes only when what is signed is unchanged, and for its own user', async () => {
    await fc.assert(
      fc.asyncProperty(changed, async (given) => void (await holds(reviewing({}, known).review, given))),
      { numRuns: 500 },
    );
  });

  it('is no more of a yes when the token it was made of was seen before', async () => {
    const { review } = reviewing({}, known);
    for (const one of tokens) assert.ok(await holds(review, one));
    await fc.assert(
      fc.asyncProperty(changed, async (given) => void (await holds(review, given))),
      { numRuns: 1000 },
    );
  });

  it('may have the other of the two signatures that ECDSA has, which says the same', async () => {
    const [header = '', payload = '', signature = ''] = signed(es256).split('.');
    assert.ok(await holds(reviewing({}, known).review, [header, payload, mirrored(signature)].join('.')));
  });
});
