import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLiveKeys, type KeySet } from '#src/privsep/live-keys.js';
import { type KeyFrame, MAX_KEYS_IN_USE } from '#src/privsep/protocol.js';
import { Secret } from '#src/secret.js';

const key = (kid: string): KeyFrame => ({ algorithm: 'ES256', kid, key: Secret.fromString(kid) });
const keySet = (signing: string, ...others: string[]): KeySet => ({
  signing: key(signing),
  verification: key(signing),
  others: others.map(key),
});

function setUp({ accept = async () => {} }: { accept?: () => Promise<void> } = {}) {
  const happened: string[] = [];
  let clock = 0;
  const live = createLiveKeys({
    keeper: {
      async changeVerificationKeys(keys) {
        await accept();
        happened.push(`verify ${keys.map(({ kid }) => kid).join(' ')}`);
      },
    },
    pool: { changeSigningKey: ({ kid }) => happened.push(`sign ${kid}`) },
    initial: keySet('a'),
    keepFor: 1000,
    onChange: (kids) => happened.push(`changed ${kids.join(' ')}`),
    now: () => clock,
  });
  const pass = async (milliseconds: number) => {
    clock += milliseconds;
    live.sweep();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { live, happened, pass };
}

describe('live keys', () => {
  it('verify before they sign, and the old one goes on verifying', async () => {
    const { live, happened } = setUp();
    await live.change(keySet('b'));
    assert.deepEqual(happened, ['verify b a', 'sign b', 'changed b a']);
  });

  it('verify until the last token of theirs has ended, and not longer', async () => {
    const { live, happened, pass } = setUp();
    await live.change(keySet('b'));
    happened.length = 0;
    await pass(999);
    assert.deepEqual(happened, []);
    await pass(1);
    assert.deepEqual(happened, ['changed b', 'verify b']);
  });

  it('are each kept for their own time when they turn often', async () => {
    const { live, happened, pass } = setUp();
    await live.change(keySet('b'));
    await pass(600);
    await live.change(keySet('c'));
    assert.equal(happened.at(-1), 'changed c b a');
    await pass(400);
    assert.equal(happened.at(-1), 'verify c b');
    await pass(600);
    assert.equal(happened.at(-1), 'verify c');
  });

  it('change nothing when they are the same', async () => {
    const { live, happened } = setUp();
    await live.change(keySet('a'));
    assert.deepEqual(happened, []);
  });

  it('that are only to verify are added and taken away without touching the one that signs', async () => {
    const { live, happened } = setUp();
    await live.change(keySet('a', 'x'));
    await live.change(keySet('a'));
    assert.deepEqual(
      happened.filter((line) => line.startsWith('verify')),
      ['verify a x', 'verify a'],
    );
  });

  it('do not sign when the front cannot verify with them', async () => {
    const { live, happened } = setUp({ accept: () => Promise.reject(new Error('too large')) });
    await assert.rejects(live.change(keySet('b')), /too large/);
    assert.deepEqual(happened, []);
  });

  it('are refused when there are too many, and nothing changes', async () => {
    const { live, happened } = setUp();
    const others = Array.from({ length: MAX_KEYS_IN_USE }, (_, index) => `k${index}`);
    await assert.rejects(live.change(keySet('a', ...others)), { code: 'ERR_CONFIGURATION' });
    assert.deepEqual(happened, []);
  });
});
