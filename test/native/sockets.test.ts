/** Listening sockets, and writes that never block. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadNative } from '#src/native/binding.js';
import { scratchDirectory } from '../harness/scratch.js';

const native = loadNative();
const directory = scratchDirectory({ after });
const loopback6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
const needsIpv6 = { skip: loopback6 ? false : 'needs IPv6' };

/** What a client gets that connects there. */
async function fetchFrom(fd: number, host: string, port: number): Promise<string> {
  const server = createServer((socket) => socket.end('served')).listen({ fd });
  try {
    let text = '';
    for await (const chunk of connect(port, host)) text += String(chunk);
    return text;
  } finally {
    server.close();
  }
}

test('listen() on a numeric address and on localhost gives a descriptor that Node serves', async () => {
  for (const address of ['127.0.0.1', 'localhost']) {
    const { fd, port } = native.listen(address, 0, 16);
    assert.equal(await fetchFrom(fd, '127.0.0.1', port), 'served');
  }
});

test('listen() on the empty address takes IPv4 and IPv6', needsIpv6, async () => {
  for (const host of ['127.0.0.1', '::1']) {
    const { fd, port } = native.listen('', 0, 16);
    assert.equal(await fetchFrom(fd, host, port), 'served');
  }
});

test('listen() on an IPv6 address leaves the same port of IPv4 free', needsIpv6, () => {
  const six = native.listen('::', 0, 16);
  const four = native.listen('0.0.0.0', six.port, 16);
  assert.equal(four.port, six.port);
  closeSync(six.fd);
  closeSync(four.fd);
});

test('listen() gives a descriptor that no started program inherits', () => {
  const { fd } = native.listen('127.0.0.1', 0, 16);
  const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0';
  assert.notEqual(Number.parseInt(flags, 8) & 0o2000000, 0);
  closeSync(fd);
});

test('listen() names what goes wrong by its code', () => {
  const { fd, port } = native.listen('127.0.0.1', 0, 16);
  assert.throws(() => native.listen('127.0.0.1', port, 16), { code: 'EADDRINUSE', syscall: 'bind' });
  assert.throws(() => native.listen('192.0.2.1', 0, 16), { code: 'EADDRNOTAVAIL' });
  closeSync(fd);
});

test('listen() refuses what is no address, port or backlog, and looks no name up', () => {
  assert.throws(() => native.listen('example.com', 1, 1), { name: 'TypeError', message: /^address must be/ });
  assert.throws(() => native.listen('', 65_536, 1), { name: 'TypeError', message: /^port must be/ });
  assert.throws(() => native.listen('', 1, 0), { name: 'TypeError', message: /^backlog must be/ });
});

test('writeNow() appends to a file in one write', () => {
  const file = join(directory, 'log');
  const fd = openSync(file, 'a');
  assert.equal(native.writeNow(fd, Buffer.from('one\n')), 4);
  assert.equal(native.writeNow(fd, Buffer.alloc(100_000, 'x')), 100_000);
  closeSync(fd);
  assert.equal(readFileSync(file).length, 100_004);
});

test('writeNow() to a pipe in blocking mode that nobody empties writes what fits, then nothing, and never waits', () => {
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(fifo, 'w');
  const wrote = native.writeNow(writer, Buffer.alloc(1 << 20, 'x'));
  assert.equal(wrote, 65_536);
  assert.equal(native.writeNow(writer, Buffer.from('more')), 0);
  readSync(reader, Buffer.alloc(8192));
  assert.equal(native.writeNow(writer, Buffer.from('more')), 4);
  closeSync(reader);
  assert.throws(() => native.writeNow(writer, Buffer.from('gone')), { code: 'EPIPE' });
  closeSync(writer);
});

test('writeNow() to a socket whose peer does not read returns', async () => {
  const peers: Socket[] = [];
  const server = createServer((socket) => peers.push(socket.pause())).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const socket = connect(address.port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const fd: number = Reflect.get(Reflect.get(socket, '_handle'), 'fd');
  let wrote: number;
  do wrote = native.writeNow(fd, Buffer.alloc(1 << 20));
  while (wrote > 0);
  assert.equal(wrote, 0);
  socket.destroy();
  for (const peer of peers) peer.destroy();
  server.close();
});

test('writeNow() to a descriptor that is none throws with a code', () => {
  assert.throws(() => native.writeNow(2 ** 20, Buffer.from('x')), { code: 'EBADF' });
  assert.throws(() => native.writeNow(-1, Buffer.from('x')), { name: 'TypeError', message: /^fd must be/ });
});
