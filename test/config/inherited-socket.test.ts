import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { handedOverSockets } from '#src/config/inherited-socket.js';
import { ConfigurationError } from '#src/errors.js';

describe('handedOverSockets()', () => {
  it('is descriptor 3 when one was handed to this process', () => {
    assert.deepEqual(handedOverSockets({ LISTEN_PID: '42', LISTEN_FDS: '1', LISTEN_FDNAMES: 'x' }, 42), { fd: 3 });
  });

  it('is none when nothing was', () => {
    const nothing = [{}, { LISTEN_FDS: '1' }, { LISTEN_PID: '42' }, { LISTEN_PID: '42', LISTEN_FDS: '' }];
    for (const environment of nothing) assert.deepEqual(handedOverSockets(environment, 42), {});
    assert.deepEqual(handedOverSockets({ LISTEN_PID: '42', LISTEN_FDS: '0' }, 42), {});
  });

  it('is none, with a warning, when another process was meant', () => {
    for (const recipient of ['1', '042', '42 ', 'x']) {
      const { fd, warning } = handedOverSockets({ LISTEN_PID: recipient, LISTEN_FDS: '1' }, 42);
      assert.equal(fd, undefined);
      assert.ok(warning?.includes(JSON.stringify(recipient)));
    }
  });

  it('tells the socket of the webhook by its name, alone or in either order', () => {
    const of = (count: string, names: string) =>
      handedOverSockets({ LISTEN_PID: '42', LISTEN_FDS: count, LISTEN_FDNAMES: names }, 42);
    assert.deepEqual(of('1', 'webhook'), { webhookFd: 3 });
    assert.deepEqual(of('2', 'pamhook.socket:webhook'), { fd: 3, webhookFd: 4 });
    assert.deepEqual(of('2', 'webhook:pamhook.socket'), { webhookFd: 3, fd: 4 });
    for (const names of ['', 'a:b', 'webhook:webhook', 'webhook', 'webhook:a:b', 'a:WEBHOOK'])
      assert.throws(() => of('2', names), ConfigurationError);
    assert.throws(() => of('3', 'a:b:webhook'), ConfigurationError);
  });

  it('refuses any other number of sockets', () => {
    for (const count of ['2', '-1', '1x', ' 1', '01', '9999999999999999999', 'one'])
      assert.throws(() => handedOverSockets({ LISTEN_PID: '42', LISTEN_FDS: count }, 42), ConfigurationError);
  });
});
