import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { handedOverSocket } from '#src/config/inherited-socket.js';
import { ConfigurationError } from '#src/errors.js';

describe('handedOverSocket()', () => {
  it('is descriptor 3 when one was handed to this process', () => {
    assert.deepEqual(handedOverSocket({ LISTEN_PID: '42', LISTEN_FDS: '1', LISTEN_FDNAMES: 'x' }, 42), { fd: 3 });
  });

  it('is none when nothing was', () => {
    const nothing = [{}, { LISTEN_FDS: '1' }, { LISTEN_PID: '42' }, { LISTEN_PID: '42', LISTEN_FDS: '' }];
    for (const environment of nothing) assert.deepEqual(handedOverSocket(environment, 42), {});
    assert.deepEqual(handedOverSocket({ LISTEN_PID: '42', LISTEN_FDS: '0' }, 42), {});
  });

  it('is none, with a warning, when another process was meant', () => {
    for (const recipient of ['1', '042', '42 ', 'x']) {
      const { fd, warning } = handedOverSocket({ LISTEN_PID: recipient, LISTEN_FDS: '1' }, 42);
      assert.equal(fd, undefined);
      assert.ok(warning?.includes(JSON.stringify(recipient)));
    }
  });

  it('refuses any other number of sockets', () => {
    for (const count of ['2', '-1', '1x', ' 1', '01', '9999999999999999999', 'one'])
      assert.throws(() => handedOverSocket({ LISTEN_PID: '42', LISTEN_FDS: count }, 42), ConfigurationError);
  });
});
