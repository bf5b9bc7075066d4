import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { test } from 'node:test';
import { numericAddress, sourceAddress, sourceNetwork } from '#src/http/source-address.js';
import { fc } from '../harness/property.js';

test('an IPv4-mapped address is IPv4, a zone id is left out, a peer that is gone has none', () => {
  assert.equal(sourceAddress('192.0.2.1'), '192.0.2.1');
  assert.equal(sourceAddress('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(sourceAddress('::FFFF:192.0.2.1'), '192.0.2.1');
  assert.equal(sourceAddress('fe80::1%eth0'), 'fe80::1');
  assert.equal(sourceAddress('2001:db8::ffff:1'), '2001:db8::ffff:1');
  assert.equal(sourceAddress(undefined), undefined);
});

test('an address in any spelling is the one the system would show; a zone, a port or a name makes it none', () => {
  const spellings: Readonly<Record<string, string>> = {
    '192.0.2.1': '192.0.2.1',
    '::ffff:192.0.2.1': '192.0.2.1',
    '::FFFF:c000:0201': '192.0.2.1',
    '0:0:0:0:0:ffff:192.0.2.1': '192.0.2.1',
    '2001:0DB8:0:0::1': '2001:db8::1',
    '::1': '::1',
  };
  for (const [spelt, known] of Object.entries(spellings)) assert.equal(numericAddress(spelt), known, spelt);
  for (const other of ['', 'localhost', '192.0.2', '192.0.2.01', '192.0.2.1:80', '[::1]', 'fe80::1%eth0', '::1/64']) {
    assert.equal(numericAddress(other), undefined, other);
  }
});

test('any IPv6 address keeps its meaning, and comes in one spelling', () => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const numeric = numericAddress(address) ?? '';
      assert.equal(numericAddress(numeric), numeric);
      assert.equal(numericAddress(address.toUpperCase()), numeric);
      if (numeric.includes(':')) assert.equal(sourceNetwork(numeric), sourceNetwork(address));
    }),
  );
});

test('a source is an IPv4 address or the /64 of an IPv6 address, however it is written', () => {
  assert.equal(sourceNetwork('192.0.2.1'), '192.0.2.1');
  assert.equal(sourceNetwork('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  assert.equal(sourceNetwork('2001:0DB8:0001:0002::9'), '2001:db8:1:2::/64');
  assert.equal(sourceNetwork('2001:db8::1'), '2001:db8:0:0::/64');
  assert.equal(sourceNetwork('::1'), '0:0:0:0::/64');
  assert.equal(sourceNetwork('1::'), '1:0:0:0::/64');
  assert.equal(sourceNetwork('64:ff9b:1:2:3:4:192.0.2.1'), '64:ff9b:1:2::/64');
  assert.equal(sourceNetwork('1:2::3:4:5:192.0.2.1'), '1:2:0:3::/64');
});

test('the network of any IPv6 address is an IPv6 network of four groups, the same for all hosts in it', () => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const network = sourceNetwork(address);
      assert.ok(isIPv6(network.replace('/64', '')));
      assert.equal(sourceNetwork(network.replace('/64', '1')), network);
    }),
  );
});
