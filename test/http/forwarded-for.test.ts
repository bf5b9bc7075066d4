import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientAddress, createTrustedProxies } from '#src/http/forwarded-for.js';
import { fc } from '../harness/property.js';
import { ask, basic, dial, dialTcp, issue, startFront } from './front.js';

const PROXY = '192.0.2.1';
const proxies = createTrustedProxies([PROXY, '10.0.0.0/8', '2001:db8::/32']);
const client = (...headers: string[]) => clientAddress(PROXY, headers, proxies);

test('addresses and networks are trusted, of both families, and no others', () => {
  for (const address of [PROXY, '10.0.0.0', '10.255.255.255', '2001:db8::1', '2001:db8:ffff::']) {
    assert.equal(proxies.has(address), true, address);
  }
  for (const address of ['192.0.2.2', '11.0.0.0', '9.255.255.255', '2001:db9::', '::1', '127.0.0.1']) {
    assert.equal(proxies.has(address), false, address);
  }
  assert.equal(createTrustedProxies([]).has('127.0.0.1'), false);
  const all = createTrustedProxies(['10.1.2.3/0', '1::/0']);
  assert.deepEqual([all.has('192.0.2.1'), all.has('2001:db8::1')], [true, true]);
});

test('the client is whom the last proxy that is trusted says it is', () => {
  assert.equal(client(), PROXY);
  assert.equal(client('198.51.100.1'), '198.51.100.1');
  assert.equal(client('198.51.100.1, 10.0.0.1, 2001:db8::5'), '198.51.100.1');
  assert.equal(client('198.51.100.1', '10.0.0.1'), '198.51.100.1');
  assert.equal(client('10.0.0.1,10.0.0.2'), '10.0.0.1');
});

test('what stands before an address that is not trusted may be invented', () => {
  assert.equal(client('203.0.113.9, 198.51.100.1'), '198.51.100.1');
  assert.equal(client('203.0.113.9', '10.0.0.1', '198.51.100.1'), '198.51.100.1');
  assert.equal(client(`${'10.0.0.1,'.repeat(4000)}198.51.100.1`), '198.51.100.1');
});

test('an entry that is no address ends the reading: the one who handed it on counts', () => {
  for (const entry of [
    '',
    'unknown',
    '_hidden',
    '198.51.100',
    '198.51.100.1:',
    'fe80::1%eth0',
    '[::1',
    '1.2.3.4/8',
    '\u0661',
  ]) {
    assert.equal(client(entry), PROXY, entry);
    assert.equal(client(`198.51.100.1, ${entry}`), PROXY, entry);
    assert.equal(client(`198.51.100.1, ${entry}, 10.0.0.1`), '10.0.0.1', entry);
  }
});

test('no more than 32 proxies are followed', () => {
  assert.equal(client(`198.51.100.1${',10.0.0.1'.repeat(31)}`), '198.51.100.1');
  assert.equal(client(`198.51.100.1${',10.0.0.1'.repeat(32)}`), '10.0.0.1');
});

test('IPv6, IPv4-mapped addresses, brackets and ports are understood', () => {
  assert.equal(client('2001:0DB9::0001'), '2001:db9::1');
  assert.equal(client('[2001:db9::1]'), '2001:db9::1');
  assert.equal(client('[2001:db9::1]:443'), '2001:db9::1');
  assert.equal(client('198.51.100.1:50123'), '198.51.100.1');
  assert.equal(client('::ffff:198.51.100.1'), '198.51.100.1');
  assert.equal(client('::FFFF:c633:6401'), '198.51.100.1');
  assert.equal(client('203.0.113.9, ::ffff:10.0.0.1'), '203.0.113.9');
});

test('whatever stands in the header, the client is an address', () => {
  const entry = fc.oneof(
    fc.string(),
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4().map((address) => `[::ffff:${address}]:1`),
  );
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      assert.match(client(entries.join(',')), /^[\d.]+$|^[\da-f:.]+$/);
    }),
  );
});

test('only a trusted proxy is believed', async (t) => {
  const sources: string[] = [];
  const login: typeof issue = async (request, signal) => {
    sources.push(request.source);
    return issue(request, signal);
  };
  const { port, lines } = await startFront(t, { login, trustedProxies: ['127.0.0.1'] });
  const forwarded = 'X-Forwarded-For: 203.0.113.9, 2001:db9::1';
  for (const localAddress of ['127.0.0.1', '127.0.0.2']) {
    const raw = await dial(port, { localAddress });
    const { Authorization } = basic('alice', 'x');
    raw.socket.write(`GET /token HTTP/1.1\r\nHost: h\r\n${forwarded}\r\nAuthorization: ${Authorization}\r\n\r\n`);
    await raw.until('signature\n');
    raw.socket.destroy();
  }
  assert.deepEqual(sources, ['2001:db9::1', '127.0.0.2']);
  await ask(port, '/heartbeat', { headers: { 'X-Forwarded-For': '198.51.100.1' } });
  const seen = () => lines.filter(({ message }) => message === 'request').map(({ fields }) => fields['source']);
  while (!seen().includes('198.51.100.1')) await new Promise((resolve) => setImmediate(resolve));
});

test('a trusted proxy has as many connections as there are at all', async (t) => {
  const bounds = { connectionsPerSource: 1, connections: 3 };
  const { port } = await startFront(t, { bounds, trustedProxies: ['127.0.0.1'] });
  const held = [await dial(port), await dial(port)];
  const other = await dial(port, { localAddress: '127.0.0.2' });
  await (await dialTcp(port)).closed();
  for (const { socket } of [...held, other]) socket.destroy();
});
