import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEndpoint } from '#src/config/endpoint.js';

test('parseEndpoint() takes an address of either family, localhost or none, and a port', () => {
  assert.deepEqual(parseEndpoint('192.0.2.1:8443'), { address: '192.0.2.1', port: 8443 });
  assert.deepEqual(parseEndpoint('[2001:db8::1]:0'), { address: '2001:db8::1', port: 0 });
  assert.deepEqual(parseEndpoint(':65535'), { address: '', port: 65_535 });
  assert.deepEqual(parseEndpoint('localhost:1'), { address: '127.0.0.1', port: 1 });
});

test('parseEndpoint() takes nothing else', () => {
  const wrong = [
    '',
    ':',
    '8443',
    '192.0.2.1',
    '192.0.2.1:',
    '192.0.2.256:1',
    'example.org:1',
    '2001:db8::1:1',
    '[192.0.2.1]:1',
    '[]:1',
    '[::1]',
    '[fe80::1%eth0]:1',
    ':65536',
    ':01',
    ':+1',
    ': 1',
    ' :1',
    ':1\n',
    ':99999999999999999999',
  ];
  for (const text of wrong) assert.equal(parseEndpoint(text), undefined, JSON.stringify(text));
});
