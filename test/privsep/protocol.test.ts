import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Arbitrary } from 'fast-check';
import { PamhookError } from '#src/errors.js';
import { fromFront, fromStore, fromWorker, toFront, toStore, toWorker } from '#src/privsep/protocol.js';
import { fc } from '../harness/property.js';

const shapes = { toFront, fromFront, toWorker, fromWorker, toStore, fromStore };
const taken = { kind: 'taken', id: 1, outcome: 'refused', retryAfter: 1_000 };
const login = { kind: 'login', id: 1, requestId: 'r', username: 'alice', responses: ['cGFzcw=='], source: '::1' };
const check = { kind: 'check-account', id: 1, username: 'alice' };
const issued = {
  kind: 'issue-result',
  id: 1,
  outcome: 'issued',
  token: 'a.b.c',
  expiresAt: 1,
  username: 'alice',
  uid: '1000',
  jti: 'j',
  messages: [],
  detail: { code: 'PAM_SUCCESS', stage: 'user', failDelay: 0 },
};

describe('the protocol', () => {
  it('takes the frames there are', () => {
    assert.doesNotThrow(() => fromFront({ kind: 'ready' }, 'frame'));
    assert.doesNotThrow(() => fromFront(login, 'frame'));
    const audience = [...Array(63).fill('a'), 'a'.repeat(8192)];
    assert.doesNotThrow(() => fromFront({ ...login, lifetime: 1, audience }, 'frame'));
    assert.doesNotThrow(() => fromWorker(issued, 'frame'));
    assert.doesNotThrow(() => fromFront(check, 'frame'));
    for (const outcome of ['allowed', 'refused']) {
      assert.doesNotThrow(() => fromWorker({ kind: 'account-checked', id: 1, outcome }, 'frame'));
      assert.doesNotThrow(() => toFront({ kind: 'account-result', id: 1, outcome }, 'frame'));
    }
    assert.doesNotThrow(() => toFront({ kind: 'drain' }, 'frame'));
    for (const source of ['127.0.0.1', '::1', 'other']) {
      const entries = [{ answer: 'refused', reason: 'expired', source, count: 1 }];
      assert.doesNotThrow(() => fromFront({ kind: 'reviews', entries }, 'frame'));
    }
    assert.doesNotThrow(() => toFront({ kind: 'login-result', id: 1, outcome: 'throttled', retryAfter: 1 }, 'frame'));
  });

  const broken: Record<string, unknown> = {
    'a verb that another process has': { ...issued },
    'an unknown kind': { kind: 'sign', claims: {} },
    'a kind from the prototype': { kind: 'constructor' },
    'no id': { ...login, id: undefined },
    'an id that is no number': { ...login, id: '1' },
    'an id below one': { ...login, id: 0 },
    'an id that is no whole number': { ...login, id: 1.5 },
    'a lifetime of zero': { ...login, lifetime: 0 },
    'a lifetime beyond a year': { ...login, lifetime: 60 * 525_600 + 1 },
    'an audience that is no list': { ...login, audience: 'a' },
    'too many audiences': { ...login, audience: Array(65).fill('a') },
    'an audience that is too long': { ...login, audience: ['a'.repeat(8193)] },
    'a name that is too long': { ...login, username: 'a'.repeat(513) },
    'a source that is no address': { ...login, source: 'trusted.example' },
    'a source with a zone': { ...login, source: 'fe80::1%eth0' },
    'too many responses': { ...login, responses: Array(10).fill('') },
    'a response that is no base64': { ...login, responses: ['pass word'] },
    'a response that is too long': { ...login, responses: [Buffer.alloc(513).toString('base64')] },
    'an account check of a name that is too long': { ...check, username: 'a'.repeat(513) },
    'an account check with more than a name': { ...check, service: 'sshd' },
    'an account check without an id': { ...check, id: undefined },
    'the answer to an account check': { kind: 'account-checked', id: 1, outcome: 'allowed' },
    'a member nobody knows': { ...login, groups: ['wheel'] },
    'too many review entries': {
      kind: 'reviews',
      entries: Array(257).fill({ answer: 'refused', reason: 'x', source: '::1', count: 1 }),
    },
    'a review entry of no address': {
      kind: 'reviews',
      entries: [{ answer: 'refused', reason: 'x', source: 'kube-apiserver', count: 1 }],
    },
    'too many vanished users': {
      kind: 'vanished',
      entries: Array(33).fill({ user: 'x', again: 'found', count: 1 }),
    },
    'a vanished user seen otherwise': { kind: 'vanished', entries: [{ user: 'x', again: 'maybe', count: 1 }] },
  };
  for (const [name, frame] of Object.entries(broken)) {
    it(`refuses from the front ${name}`, () => {
      assert.throws(() => fromFront(frame, 'frame'), { code: 'ERR_PROTOCOL' });
    });
  }

  it('takes a source in any spelling, as the one that PAM and the limits know', () => {
    for (const [sent, known] of [
      ['::ffff:192.0.2.1', '192.0.2.1'],
      ['0:0:0:0:0:FFFF:c000:201', '192.0.2.1'],
      ['2001:0DB8::0001', '2001:db8::1'],
    ]) {
      const frame = fromFront({ ...login, source: sent }, 'frame');
      assert.equal(frame.kind === 'login' && frame.source, known);
    }
  });

  it('refuses from a worker what is not the result of one login', () => {
    for (const frame of [
      { ...issued, uid: '12345678901' },
      { ...issued, outcome: 'signed' },
      { kind: 'account-checked', id: 1, outcome: 'issued', token: 'a.b.c' },
      { kind: 'account-checked', id: 1, outcome: 'unavailable' },
      { kind: 'login', id: 1 },
      login,
    ]) {
      assert.throws(() => fromWorker(frame, 'frame'), { code: 'ERR_PROTOCOL' });
    }
  });

  it('takes from the store that an attempt may go on, must wait for an hour at most, or that nobody knows', () => {
    for (const frame of [
      taken,
      { kind: 'taken', id: 1, outcome: 'admitted' },
      { kind: 'taken', id: 1, outcome: 'unknown' },
      { kind: 'state', state: 'shared' },
      { kind: 'state', state: 'alone', reason: 'x'.repeat(256) },
    ]) {
      assert.deepEqual(fromStore(frame, 'frame'), frame);
    }
    for (const frame of [
      { ...taken, retryAfter: 3_600_001 },
      { ...taken, retryAfter: 0 },
      { ...taken, retryAfter: 1.5 },
      { ...taken, outcome: 'admitted' },
      { kind: 'state', state: 'alone', reason: 'x'.repeat(257) },
      { kind: 'take', id: 1, account: 'a', source: 's' },
      { kind: 'issue', id: 1 },
      issued,
      login,
    ]) {
      assert.throws(() => fromStore(frame, 'frame'), { code: 'ERR_PROTOCOL' });
    }
  });

  it('sends the store digests, never a name or an address of any length', () => {
    const attempt = { kind: 'take', id: 1, account: 'a'.repeat(22), source: 's'.repeat(22) };
    assert.doesNotThrow(() => toStore(attempt, 'frame'));
    assert.throws(() => toStore({ ...attempt, account: 'a'.repeat(23) }, 'frame'), { code: 'ERR_PROTOCOL' });
    assert.throws(() => toStore({ ...attempt, username: 'alice' }, 'frame'), { code: 'ERR_PROTOCOL' });
  });

  it('parses any value or throws ERR_PROTOCOL, whatever it is sent', () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(login, issued, taken).chain((frame) => mutated(frame)),
    );
    fc.assert(
      fc.property(value, fc.constantFrom(...Object.values(shapes)), (sent, shape) => {
        try {
          shape(sent, 'frame');
        } catch (fault) {
          assert.ok(fault instanceof PamhookError && fault.code === 'ERR_PROTOCOL');
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

function mutated(frame: object): Arbitrary<object> {
  return fc
    .tuple(fc.constantFrom(...Object.keys(frame)), fc.jsonValue())
    .map(([key, value]) => ({ ...frame, [key]: value }));
}
