/** Listening sockets taken over and given up. */
import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { loadNative } from '#src/native/binding.js';

const native = loadNative();
const loopback6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

test('adoptListener() tells where the socket listens', () => {
  for (const address of ['127.0.0.1', ...(loopback6 ? ['::1'] : [])]) {
    const { fd, port } = native.listen(address, 0, 16);
    assert.deepEqual(native.adoptListener(fd), { address, port });
    closeSync(fd);
  }
});

test('adoptListener() refuses what is no listening TCP socket', async (t) => {
  const file = openSync('/dev/null', 'r');
  t.after(() => closeSync(file));
  assert.throws(() => native.adoptListener(file), { code: 'ENOTSOCK' });
  assert.throws(() => native.adoptListener(2 ** 20), { code: 'EBADF' });
  const { fd, port } = native.listen('127.0.0.1', 0, 16);
  t.after(() => closeSync(fd));
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  const own = (socket as unknown as { _handle: { fd: number } })._handle.fd;
  assert.throws(() => native.adoptListener(own), { code: 'EINVAL' });
});

test('refuseNewConnections() keeps what waits, and lets nothing more come', async () => {
  const { fd, port } = native.listen('127.0.0.1', 0, 16);
  const early = connect(port, '127.0.0.1');
  await new Promise((resolve) => early.once('connect', resolve));
  assert.equal(native.waitingConnections(fd), 1);
  native.refuseNewConnections(fd);
  const late = connect(port, '127.0.0.1');
  const refused = new Promise<NodeJS.ErrnoException>((resolve, reject) => {
    late.once('error', resolve).once('connect', () => reject(new Error('connected')));
  });
  // The server closes the descriptor, and with it the socket.
  const server = createServer((socket) => socket.end('served')).listen({ fd });
  let text = '';
  for await (const chunk of early) text += String(chunk);
  assert.equal(text, 'served');
  assert.equal(native.waitingConnections(fd), 0);
  server.close();
  assert.equal((await refused).code, 'ECONNREFUSED');
});
