import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { FromStore, StoreConfiguration, ToStore } from '#src/privsep/protocol.js';
import { createStoreKeeper } from '#src/privsep/store-keeper.js';
import { Secret } from '#src/secret.js';

const configuration = {
  kind: 'configure',
  address: { kind: 'tcp', tls: false, host: '::1', port: 6379, database: 0 },
} as StoreConfiguration;
const ATTEMPT = { account: 'alice', source: '192.0.2.1' };

class FakeStore {
  readonly received: ToStore[] = [];
  killed = 0;
  dismissed = 0;
  readonly events: { onFrame(frame: FromStore): void; onExit(how: string): void };
  constructor(events: FakeStore['events']) {
    this.events = events;
  }
}

function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const stores: FakeStore[] = [];
  const lines: string[] = [];
  const say = (message: string) => lines.push(message);
  const keeper = createStoreKeeper({
    startStore(events) {
      const store = new FakeStore(events);
      stores.push(store);
      return {
        pid: 1,
        send: (frame) => store.received.push(frame),
        alive: () => true,
        expectAnswers() {},
        dismiss: () => {
          store.dismissed += 1;
        },
        kill: () => {
          store.killed += 1;
        },
      };
    },
    configuration,
    timeout: 250,
    log: { error: say, warn: say, info: say, verbose() {} },
    now: () => 0,
  });
  keeper.start();
  return { keeper, stores, lines, store: (index: number) => stores[index] as FakeStore };
}

describe('the store keeper', () => {
  it('configures the process, and asks it', async (t) => {
    const { keeper, store } = setUp(t);
    assert.deepEqual(store(0).received, [configuration]);
    store(0).events.onFrame({ kind: 'ready' });
    store(0).events.onFrame({ kind: 'state', state: 'shared' });
    const asked = keeper.take(ATTEMPT);
    store(0).events.onFrame({ kind: 'taken', id: 1, outcome: 'refused', retryAfter: 1_000 });
    assert.deepEqual(await asked, { admitted: false, retryAfter: 1_000 });
  });

  it('replaces a process that dies with growing pauses; meanwhile every login goes on', async (t) => {
    const { keeper, stores, store } = setUp(t);
    for (const [index, pause] of [0, 100, 200, 400].entries()) {
      store(index).events.onFrame({ kind: 'state', state: 'shared' });
      const asked = keeper.take(ATTEMPT);
      store(index).events.onExit('SIGKILL');
      assert.equal((await asked).admitted, true);
      assert.equal((await keeper.take(ATTEMPT)).admitted, true);
      if (pause > 0) t.mock.timers.tick(pause - 1);
      assert.equal(stores.length, index + 1);
      t.mock.timers.tick(1);
      assert.equal(stores.length, index + 2);
      assert.deepEqual(store(index + 1).received, [configuration]);
    }
  });

  it('kills a process that answers what it was not asked, is ready twice, or changes its state without end', (t) => {
    const breaches: readonly (readonly FromStore[])[] = [
      [{ kind: 'taken', id: 7, outcome: 'refused', retryAfter: 1_000 }],
      [{ kind: 'ready' }, { kind: 'ready' }],
      Array.from({ length: 101 }, () => ({ kind: 'state', state: 'shared' })),
    ];
    const { store } = setUp(t);
    for (const [index, frames] of breaches.entries()) {
      for (const frame of frames.slice(0, -1)) store(index).events.onFrame(frame);
      assert.equal(store(index).killed, 0);
      for (const frame of frames.slice(-1)) store(index).events.onFrame(frame);
      assert.equal(store(index).killed, 1);
      store(index).events.onExit('SIGKILL');
      t.mock.timers.tick(10_000);
    }
  });

  it('lets the process end, kills it when it does not, and starts no other', async (t) => {
    const { keeper, stores, store } = setUp(t);
    const stopped = keeper.stop();
    assert.equal(store(0).dismissed, 1);
    t.mock.timers.tick(1_999);
    assert.equal(store(0).killed, 0);
    t.mock.timers.tick(1);
    assert.equal(store(0).killed, 1);
    store(0).events.onExit('SIGKILL');
    await stopped;
    t.mock.timers.tick(60_000);
    assert.equal(stores.length, 1);
  });

  it('puts another process into the place of one with an old password, and calls that no fault', async (t) => {
    const { keeper, stores, store, lines } = setUp(t);
    store(0).events.onFrame({ kind: 'state', state: 'shared' });
    const asked = keeper.take(ATTEMPT);
    const password = Secret.fromString('new');
    for (let times = 0; times < 2; times++) keeper.change({ password });
    assert.equal(store(0).dismissed, 1);
    store(0).events.onExit('exit code 0');
    assert.equal((await asked).admitted, true);
    assert.equal(stores.length, 2);
    assert.deepEqual(store(1).received, [{ ...configuration, password }]);
    store(1).events.onFrame({ kind: 'state', state: 'shared' });
    t.mock.timers.tick(10_000);
    assert.equal(store(1).killed, 0);
    assert.equal(lines.length, 1, 'only that it counts together, at the start');
    store(1).events.onExit('SIGSEGV');
    t.mock.timers.tick(0);
    assert.deepEqual(store(2).received, [{ ...configuration, password }]);
  });

  it('stops while no process runs', async (t) => {
    const { keeper, stores, store } = setUp(t);
    store(0).events.onExit('exit code 1');
    await keeper.stop();
    t.mock.timers.tick(60_000);
    assert.equal(stores.length, 1);
  });
});
