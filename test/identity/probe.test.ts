/** Whether the user database answers: one lookup at a time, remembered for a moment, waited for no longer than it may take. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProbe } from '#src/identity/probe.js';

/** A database whose answers are given by hand, and clocks that are turned by hand. */
function fixture() {
  const pending: { resolve(found: boolean): void; reject(error: Error): void }[] = [];
  const timers = new Set<() => void>();
  const clock = { now: 0 };
  const probe = createProbe({
    ask: () => new Promise<boolean>((resolve, reject) => pending.push({ resolve, reject })),
    timeout: 5000,
    keepFor: 2000,
    now: () => clock.now,
    setTimer(callback, milliseconds) {
      assert.equal(milliseconds, 5000);
      timers.add(callback);
      return () => timers.delete(callback);
    },
  });
  const expire = () => {
    for (const callback of timers) callback();
  };
  return { probe, pending, timers, clock, expire };
}

test('however many ask, one lookup is made, and its answer serves for a while', async () => {
  const { probe, pending, timers, clock } = fixture();
  const asked = Array.from({ length: 100 }, probe);
  pending[0]?.resolve(true);
  assert.ok((await Promise.all(asked)).every(Boolean));
  clock.now = 1999;
  assert.equal(await probe(), true);
  assert.equal(pending.length, 1);
  assert.equal(timers.size, 0);
  clock.now = 2000;
  const again = probe();
  pending[1]?.resolve(false);
  assert.equal(await again, false);
  assert.equal(pending.length, 2);
});

test('a lookup that fails is a no', async () => {
  const { probe, pending } = fixture();
  const asked = probe();
  pending[0]?.reject(new Error('down'));
  assert.equal(await asked, false);
});

test('while a lookup hangs the answer is no, and no other is made, until it answers', async () => {
  const { probe, pending, clock, expire } = fixture();
  const asked = probe();
  expire();
  assert.equal(await asked, false);
  clock.now = 60_000;
  assert.equal(await probe(), false);
  assert.equal(pending.length, 1);
  pending[0]?.resolve(true);
  await new Promise(setImmediate);
  assert.equal(await probe(), true);
  assert.equal(pending.length, 1);
});
