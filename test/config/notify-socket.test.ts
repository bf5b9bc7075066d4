import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { notifySocket } from '#src/config/notify-socket.js';

describe('notifySocket()', () => {
  it('is a path or an abstract name, with the watchdog in milliseconds', () => {
    for (const socket of ['/run/systemd/notify', '@name']) {
      assert.deepEqual(notifySocket({ NOTIFY_SOCKET: socket }, 42), { socket });
      assert.deepEqual(notifySocket({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' }, 42), {
        socket,
        watchdog: 30_000,
      });
    }
    assert.deepEqual(notifySocket({ NOTIFY_SOCKET: '/x', WATCHDOG_USEC: '1' }, 42), { socket: '/x', watchdog: 0.001 });
  });

  it('is none where nobody asks for it', () => {
    for (const environment of [{}, { NOTIFY_SOCKET: '' }, { WATCHDOG_USEC: '1000', WATCHDOG_PID: '42' }])
      assert.deepEqual(notifySocket(environment, 42), {});
  });

  it('leaves the watchdog of another process alone', () => {
    const environment = { NOTIFY_SOCKET: '/x', WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' };
    assert.deepEqual(notifySocket(environment, 42), { socket: '/x' });
  });

  it('warns of what it cannot use', () => {
    for (const socket of ['x', 'vsock:2:1234', '@', '/', `/${'x'.repeat(107)}`]) {
      const { warning, ...rest } = notifySocket({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1000' }, 42);
      assert.ok(warning?.includes(JSON.stringify(socket)));
      assert.deepEqual(rest, {});
    }
    for (const microseconds of ['0', '-1', '1s', '1e6', '99999999999999999']) {
      const { warning, ...rest } = notifySocket({ NOTIFY_SOCKET: '/x', WATCHDOG_USEC: microseconds }, 42);
      assert.ok(warning?.includes(JSON.stringify(microseconds)));
      assert.deepEqual(rest, { socket: '/x' });
    }
  });
});
