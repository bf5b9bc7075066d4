import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStoreUrl, printStoreAddress } from '#src/config/store-url.js';
import { fc } from '../harness/property.js';

const tcp = { kind: 'tcp', tls: false, host: 'redis.example.org', port: 6379, database: 0 };

const good = {
  'redis://redis.example.org': tcp,
  'redis://redis.example.org/': tcp,
  'rediss://redis.example.org:6380/15': { ...tcp, tls: true, port: 6380, database: 15 },
  'REDIS://127.0.0.1': { ...tcp, host: '127.0.0.1' },
  'redis://[2001:db8::1]:1': { ...tcp, host: '2001:db8::1', port: 1 },
  'unix:///run/redis/redis%20a.sock': { kind: 'unix', path: '/run/redis/redis a.sock', database: 0 },
  'unix:///run/redis.sock?db=3': { kind: 'unix', path: '/run/redis.sock', database: 3 },
};

for (const [url, address] of Object.entries(good)) {
  test(`parseStoreUrl() reads ${url}`, () => assert.deepEqual(parseStoreUrl(url), address));
}

const bad: Readonly<Record<string, RegExp>> = {
  'redis://alice:hunter2@redis.example.org': /password.*limits-store-password-file/,
  'redis://:hunter2@redis.example.org': /password/,
  'redis://hunter2@redis.example.org': /password/,
  'redis://alice:hunter2@redis.example.org:port': /password/,
  'unix://:hunter2@/run/redis.sock': /password/,
  'redis.example.org:6379': /none of redis/,
  'http://redis.example.org': /none of redis/,
  'redis://redis.example.org:65536': /no URL/,
  'redis://redis.example.org:0': /port 0/,
  'redis://redis.example.org/one': /database/,
  'redis://redis.example.org/01': /database/,
  'redis://redis.example.org?db=1': /query/,
  'redis://redis.example.org#x': /no URL/,
  'redis:///1': /no host/,
  'redis://a%20b': /no host/,
  'unix://run/redis.sock': /three slashes/,
  'unix:///': /three slashes/,
  'unix:///a%ff': /stands for nothing/,
  'unix:///a?database=1': /other than db/,
  '': /no URL/,
};

for (const [url, reason] of Object.entries(bad)) {
  test(`parseStoreUrl() refuses ${url || 'nothing'}`, () => {
    assert.throws(
      () => parseStoreUrl(url),
      (fault) => fault instanceof RangeError && reason.test(fault.message) && !fault.message.includes('hunter2'),
    );
  });
}

test('printStoreAddress() prints what parseStoreUrl() reads, for every address', () => {
  const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(host, fc.integer({ min: 1, max: 65_535 }), fc.boolean(), (name, port, tls) => {
      const url = `${tls ? 'rediss' : 'redis'}://${name.includes(':') ? `[${name}]` : name}:${port}`;
      const address = parseStoreUrl(url);
      assert.deepEqual(parseStoreUrl(printStoreAddress(address)), address);
    }),
  );
});
