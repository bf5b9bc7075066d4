import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createServiceNotices } from '#src/privsep/service-notices.js';

function setUp(t: TestContext, watchdog?: number) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const sent: string[] = [];
  const warnings: string[] = [];
  const state = { silence: 0, room: true, fault: undefined as Error | undefined };
  const native = {
    sendNotice(socket: string, text: string) {
      assert.equal(socket, '/socket');
      if (state.fault) throw state.fault;
      if (state.room) sent.push(text);
      return state.room;
    },
  };
  const log = { error() {}, warn: (text: string) => warnings.push(text), info() {}, verbose() {} };
  const to = { socket: '/socket', ...(watchdog === undefined ? {} : { watchdog }) };
  const notices = createServiceNotices({ to, native, log, silence: () => state.silence });
  const taken = () => sent.splice(0);
  return { notices, state, taken, warnings, tick: (ms: number) => t.mock.timers.tick(ms) };
}

/** Work that ends when it is told to. */
function work() {
  let end = () => {};
  const done = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { start: () => done, end };
}

describe('the watchdog', () => {
  it('hears twice in its time that the daemon lives, from when it serves', (t) => {
    const { notices, taken, tick } = setUp(t, 10_000);
    tick(30_000);
    assert.deepEqual(taken(), []);
    notices.ready('serving');
    assert.deepEqual(taken(), ['READY=1\nSTATUS=serving']);
    tick(4_999);
    assert.deepEqual(taken(), []);
    tick(1);
    assert.deepEqual(taken(), ['WATCHDOG=1']);
    tick(10_000);
    assert.deepEqual(taken(), ['WATCHDOG=1', 'WATCHDOG=1']);
  });

  it('hears nothing when the front has been silent for 15 s, until it answers again', (t) => {
    const { notices, state, taken, tick } = setUp(t, 10_000);
    notices.ready('serving');
    taken();
    state.silence = 15_000;
    tick(5_000);
    assert.deepEqual(taken(), ['WATCHDOG=1']);
    state.silence = 15_001;
    tick(60_000);
    assert.deepEqual(taken(), []);
    state.silence = 0;
    tick(5_000);
    assert.deepEqual(taken(), ['WATCHDOG=1']);
  });

  it('hears on while a stop takes its time, though the front has gone', (t) => {
    const { notices, state, taken, tick } = setUp(t, 10_000);
    notices.ready('serving');
    notices.stopping(20_000);
    taken();
    state.silence = 20_000;
    tick(5_000);
    assert.deepEqual(taken(), ['WATCHDOG=1']);
  });

  it('hears once a minute where it wants to hear less often', (t) => {
    const { notices, taken, tick } = setUp(t, 2 ** 40);
    notices.ready('serving');
    taken();
    tick(60_000);
    assert.deepEqual(taken(), ['WATCHDOG=1']);
  });

  it('is left alone where there is none', (t) => {
    const { notices, taken, tick } = setUp(t);
    notices.ready('serving');
    tick(600_000);
    assert.deepEqual(taken(), ['READY=1\nSTATUS=serving']);
  });
});

describe('a reload', () => {
  it('is over when the last of several that overlap is', async (t) => {
    const { notices, taken } = setUp(t);
    notices.ready('serving');
    const [first, second] = [work(), work()];
    const reloads = [notices.reload(first.start), notices.reload(second.start)];
    first.end();
    await reloads[0];
    assert.ok(!taken().slice(1).join('\n').includes('READY=1'));
    second.end();
    await reloads[1];
    assert.deepEqual(taken(), ['READY=1\nSTATUS=serving']);
  });

  it('says when it began, by the clock that systemd compares', async (t) => {
    const { notices, taken } = setUp(t);
    notices.ready('serving');
    const before = process.hrtime.bigint() / 1000n;
    await notices.reload(async () => {});
    const [, microseconds = ''] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)\nSTATUS=/.exec(taken()[1] ?? '') ?? [];
    assert.ok(BigInt(microseconds) >= before && BigInt(microseconds) <= process.hrtime.bigint() / 1000n);
  });

  it('is not told before the daemon serves, and its end not when that stops', async (t) => {
    const { notices, taken } = setUp(t);
    await notices.reload(async () => {});
    assert.deepEqual(taken(), []);
    notices.ready('serving');
    const slow = work();
    const reload = notices.reload(slow.start);
    notices.stopping(20_000);
    taken();
    slow.end();
    await reload;
    assert.deepEqual(taken(), []);
  });
});

describe('notices', () => {
  it('of a stop ask for the time that it may take', (t) => {
    const { notices, taken } = setUp(t);
    notices.stopping(20_000.5);
    assert.deepEqual(taken(), ['STOPPING=1\nSTATUS=answering what was accepted\nEXTEND_TIMEOUT_USEC=30000500']);
  });

  it('are sent again, in their order, when there was no room for them', (t) => {
    const { notices, state, taken, tick } = setUp(t, 10_000);
    state.room = false;
    notices.ready('serving');
    tick(60_000);
    notices.stopping(0);
    assert.deepEqual(taken(), []);
    state.room = true;
    tick(100);
    assert.deepEqual(
      taken().map((text) => text.split('\n')[0]),
      ['READY=1', 'WATCHDOG=1', 'STOPPING=1'],
    );
  });

  it('that wait are no more than sixteen', async (t) => {
    const { notices, state, taken, tick } = setUp(t);
    state.room = false;
    notices.ready('serving');
    for (let count = 0; count < 50; count++) await notices.reload(async () => {});
    state.room = true;
    tick(100);
    assert.equal(taken().length, 16);
  });

  it('that nobody takes are one warning', (t) => {
    const { notices, state, taken, warnings, tick } = setUp(t, 10_000);
    state.fault = Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
    notices.ready('serving');
    tick(60_000);
    assert.deepEqual(warnings, ['NOTIFY_SOCKET: the service manager cannot be told']);
    state.fault = undefined;
    tick(5_000);
    assert.deepEqual(taken(), ['WATCHDOG=1']);
  });
});
