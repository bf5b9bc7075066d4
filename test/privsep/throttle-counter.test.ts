import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditEvent } from '#src/log/audit-event.js';
import { countThrottled } from '#src/privsep/throttle-counter.js';

function setUp(audit?: (event: AuditEvent) => void) {
  const events: AuditEvent[] = [];
  const timers: (() => void)[] = [];
  const faults: string[] = [];
  const counter = countThrottled({
    log: { error: (message) => faults.push(message), warn() {}, info() {}, verbose() {} },
    audit: audit ?? ((event) => events.push(event)),
    setTimer: (callback) => {
      timers.push(callback);
      return () => {};
    },
  });
  const total = () => events.reduce((sum, { count }) => sum + Number(count), 0);
  return { counter, events, timers, faults, total };
}

describe('logins turned away', () => {
  it('make one line a user and source each interval', () => {
    const { counter, events, timers } = setUp();
    for (let time = 0; time < 1_000; time++) counter.count({ source: '192.0.2.1', user: 'alice' });
    counter.count({ source: '192.0.2.1', user: 'bob' });
    counter.count({ source: '192.0.2.2', user: 'alice' });
    assert.deepEqual(events, []);
    timers[0]?.();
    const event = 'token.throttled';
    assert.deepEqual(events, [
      { event, source: '192.0.2.1', user: 'alice', count: 1_000 },
      { event, source: '192.0.2.1', user: 'bob', count: 1 },
      { event, source: '192.0.2.2', user: 'alice', count: 1 },
    ]);
    counter.count({ source: '192.0.2.1', user: 'alice' });
    timers[1]?.();
    assert.equal(events.length, 4);
  });

  it('make few lines and lose no count when a source tries name after name', () => {
    const { counter, events, total } = setUp();
    for (let name = 0; name < 5_000; name++) counter.count({ source: 'a', user: `user-${name}` });
    counter.count({ source: 'b', user: 'alice' });
    counter.stop();
    assert.equal(events.filter(({ source }) => source === 'a').length, 9);
    assert.deepEqual(
      events.filter(({ user }) => user === undefined).map(({ source, count }) => [source, count]),
      [['a', 4_992]],
    );
    assert.ok(events.some(({ source, user }) => source === 'b' && user === 'alice'));
    assert.equal(total(), 5_001);
  });

  it('make few lines and lose no count when they come from source after source', () => {
    const { counter, events, total } = setUp();
    for (let source = 0; source < 5_000; source++) counter.count({ source: `${source}`, user: 'alice' });
    counter.stop();
    assert.equal(events.length, 512);
    assert.deepEqual(
      events.filter(({ source }) => source === 'other').map(({ count }) => count),
      [5_000 - 511],
    );
    assert.equal(total(), 5_000);
  });

  it('that could not be written are kept for the next time, and they alone', () => {
    const written: AuditEvent[] = [];
    let broken = true;
    const { counter, timers, faults } = setUp((event) => {
      if (broken && event.source === 'b') throw new Error('disk full');
      written.push(event);
    });
    for (const source of ['a', 'b', 'c']) counter.count({ source, user: 'alice' });
    timers[0]?.();
    assert.deepEqual(faults, ['the audit log cannot be written']);
    broken = false;
    counter.count({ source: 'b', user: 'alice' });
    timers[1]?.();
    assert.deepEqual(
      written.map(({ source, count }) => [source, count]),
      [
        ['a', 1],
        ['b', 2],
        ['c', 1],
      ],
    );
  });
});
