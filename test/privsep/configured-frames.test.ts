/** What the supervisor would send to its processes they take: whatever it was configured with, or it does not start. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { after, before, test } from 'node:test';
import { readSettings } from '#src/config/read-settings.js';
import { ConfigurationError } from '#src/errors.js';
import type { Logger } from '#src/log/logger.js';
import type { Native } from '#src/native/native.js';
import { openChannel } from '#src/privsep/channel.js';
import { toFront, toWorker } from '#src/privsep/protocol.js';
import type { Shape } from '#src/privsep/shape.js';
import { prepare } from '#src/privsep/startup.js';
import { fc } from '../harness/property.js';
import { scratchDirectory } from '../harness/scratch.js';
import { newCertificate, now } from '../keys/certificates.js';
import { es256, es384, hs256, newSecret, rs256 } from '../keys/generated-keys.js';

const silent: Logger = { error() {}, warn() {}, info() {}, verbose() {} };
const dir = scratchDirectory({ after });
const file = (name: string) => join(dir, name);

/** Nothing is done to this process. */
const native = {
  secretBuffer: (size: number) => Buffer.alloc(size),
  forbidCoreDumps() {},
  lockMemory() {},
  lookupUser: async (name: string) => ({ name, uid: 4_294_967_294, gid: 65_534 }),
  lookupGroup: async () => undefined,
  listen: () => ({ fd: 3, port: 8080 }),
} as unknown as Native;

function put(name: string, contents: string | Buffer): void {
  writeFileSync(file(name), contents);
  chmodSync(file(name), 0o600);
}

/** Lines around a PEM block, which its readers pass over. */
function padded(pem: string, size: number): string {
  return `${'# a comment\n'.repeat(Math.ceil(Math.max(0, size - pem.length) / 12))}${pem}`;
}

before(async () => {
  const { certificate, key } = await newCertificate();
  for (const size of [0, 40, 47, 49, 63]) put(`cert-${size}`, padded(certificate, size * 1024));
  for (const size of [0, 15, 17, 40]) put(`key-${size}`, padded(key, size * 1024));
  for (const [name, { contents }] of Object.entries({ es256, es384, rs256, hs256 })) put(name, contents);
  for (const size of [1, 12_288, 12_289, 20_000, 65_536]) put(`hmac-${size}`, 's'.repeat(size));
  mkdirSync(file('verification'));
  for (let at = 0; at < 14; at++) put(`verification/${at}.key`, newSecret());
  mkdirSync(file('pam.d'));
  put('pam.d/pamhook', 'auth required pam_permit.so\n');
});

function takenBy<T>(shape: Shape<T>, configuration: object): Error | undefined {
  let fault: Error | undefined;
  let taken = 0;
  const receiver = new Duplex({ read() {}, write() {} });
  openChannel(receiver, shape, { onFrame: () => (taken += 1), onEnd: (broken) => (fault = broken) });
  const sender = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      receiver.emit('data', Buffer.from(chunk));
      done();
    },
  });
  openChannel<never, object>(sender, () => assert.fail(), { onFrame() {}, onEnd() {} }).send(configuration);
  assert.equal(taken + (fault === undefined ? 0 : 1), 1);
  return fault;
}

/** Mostly the first of them. */
const usually = <T>(first: T, ...others: T[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(first) }, fc.constantFrom(...others));
const size = (...sizes: number[]) => usually(1, ...sizes);
const list = fc.oneof(
  fc.array(fc.constantFrom('a', 'ü'), { maxLength: 64, size: 'max' }),
  size(2000, 8000, 8192, 8193).map((length) => ['"'.repeat(length)]),
);
const flags = fc.record(
  {
    'cert-file': usually(0, 40, 47, 49, 63).map((kib) => file(`cert-${kib}`)),
    'key-file': usually(0, 15, 17, 40).map((kib) => file(`key-${kib}`)),
    'signing-key-file': usually(
      'es256',
      'es384',
      'rs256',
      'hs256',
      'hmac-1',
      'hmac-12288',
      'hmac-12289',
      'hmac-20000',
      'hmac-65536',
    ).map(file),
    'verification-key-files': usually('verification', 'es256', 'verification,es384', 'hmac-12289').map((names) =>
      names.split(',').map(file).join(','),
    ),
    'server-name': size(512, 513, 8192).map((length) => 'é'.repeat(length)),
    audience: list.map(String),
    'allow-groups': list.map(String),
    'groups-filter': list.map(String),
    'token-claims': fc.constantFrom('', 'groups', 'groups,'.repeat(64)),
    'groups-prefix': size(256).map((length) => 'p'.repeat(length)),
    'token-expires-in': fc.constantFrom('1', '525600'),
    'max-lifetime': fc.constantFrom('8760h'),
    'pam-timeout': fc.constantFrom('100ms', '10m'),
    'min-uid': fc.constantFrom('0', '4294967294'),
    'login-queue': fc.constantFrom('1', '65536'),
    'refusal-delay': fc.constantFrom('100ms', '1m'),
    'identity-stale-for': fc.constantFrom('0', '24h'),
    'review-account-check': fc.constantFrom('true', 'false'),
    'user-header': fc.constantFrom('x', 'X-'.padEnd(64, 'y')),
    'group-header': fc.constantFrom('z', 'Z-'.padEnd(64, 'y')),
    'group-header-delimiter': fc.constantFrom(';', ','.repeat(16)),
    'user-header-prefix': size(256).map((length) => 'p'.repeat(length)),
    'trusted-proxies': fc.constant('192.0.2.1'),
    'public-url': fc.constantFrom('https://p', `https://p/${'x'.repeat(2038)}`),
    v: fc.constantFrom('0', '100'),
  },
  { requiredKeys: ['cert-file', 'key-file', 'signing-key-file'] },
);

test('a configuration is taken by the front and the workers, or the daemon does not start and names the option', async () => {
  const given = ['-pam-config-dir', file('pam.d'), '-pam-service-name', 'pamhook', '-run-as', 'somebody'];
  let started = 0;
  await fc.assert(
    fc.asyncProperty(flags, async (chosen) => {
      const argv = [...given, ...Object.entries(chosen).map(([name, value]) => `-${name}=${value}`)];
      try {
        const invocation = readSettings({ argv, env: {} });
        assert.ok('settings' in invocation);
        const around = {
          native,
          log: silent,
          logFormat: 'json' as const,
          isRoot: true,
          pid: 1,
          now: () => now,
          handedOver: {},
        };
        const { front, worker } = await prepare(invocation.settings, around);
        assert.deepEqual([takenBy(toFront, front), takenBy(toWorker, worker)], [undefined, undefined]);
        started += 1;
      } catch (fault) {
        assert.ok(fault instanceof ConfigurationError, String(fault));
        assert.match(
          fault.message,
          /server-name|cert-file|key-file|signing-key|verification-key|audience|groups|user-header/,
        );
      }
    }),
    { numRuns: 100 },
  );
  assert.ok(started > 10, 'some of them start');
});
