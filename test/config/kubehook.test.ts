/** A command line and an environment of kubehook: what is taken, and what is said of the rest. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Environment } from '#src/config/environment.js';
import { readSettings } from '#src/config/read-settings.js';
import { splitArguments } from '#src/config/split-arguments.js';
import { ConfigurationError } from '#src/errors.js';

const KEY = ['-signing-key-file', 's.pem'];
const REQUIRED = ['--tls-cert', 'c.pem', '--tls-key=k.pem', ...KEY];

function read(argv: readonly string[], env: Environment = {}) {
  const invocation = readSettings({ argv, env });
  assert.ok('settings' in invocation);
  return invocation;
}

function faultOf(argv: readonly string[], env: Environment = {}): ConfigurationError {
  try {
    readSettings({ argv, env });
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error;
  }
  return assert.fail('nothing was thrown');
}

describe("kubehook's flags", () => {
  it('are taken, each for the option that does the same', () => {
    const { settings } = read([
      ...REQUIRED,
      '--listen=127.0.0.1:10003',
      '-d',
      '--shutdown-grace-period=1m',
      '--audience=github.com/planetlabs/kubehook',
      '--user-header=X-Forwarded-User',
      '--group-header',
      'X-Forwarded-Groups',
      '--group-header-delimiter=,',
      '--max-lifetime=168h0m0s',
      '--kubecfg-template=/cfg/template',
      '--client-ca=/ca.pem',
      '--client-ca-subject=proxy',
    ]);
    const { bindAddress, bindPort, verbosity, shutdownGracePeriod, audience, headers, maxLifetime } = settings;
    assert.deepEqual([bindAddress, bindPort, verbosity, shutdownGracePeriod], ['127.0.0.1', 10_003, 2, 60_000]);
    assert.deepEqual([audience, maxLifetime], [['github.com/planetlabs/kubehook'], 168 * 3_600_000]);
    assert.deepEqual(headers, {
      user: 'x-forwarded-user',
      groups: 'x-forwarded-groups',
      delimiter: ',',
      prefix: '',
      requireUnixUser: false,
    });
    const { certFile, keyFile, kubecfgTemplate, clientCaFile, clientCaSubject } = settings;
    assert.deepEqual([certFile, keyFile, clientCaFile], ['c.pem', 'k.pem', '/ca.pem']);
    assert.deepEqual([kubecfgTemplate, clientCaSubject], ['/cfg/template', ['proxy']]);
  });

  it('leave the defaults ours', () => {
    const { settings } = read(REQUIRED);
    assert.deepEqual([settings.bindPort, settings.audience, settings.headers], [8080, [], undefined]);
    assert.deepEqual([settings.maxLifetime, settings.shutdownGracePeriod], [600_000, 20_000]);
    assert.equal(read([...REQUIRED, '--listen=:8443']).settings.bindAddress, '');
    assert.equal(read([...REQUIRED, '--debug']).settings.verbosity, 2);
    assert.equal(read([...REQUIRED, '-d=false']).settings.verbosity, 0);
  });

  it('in two spellings at once are an error, whichever comes first', () => {
    for (const [one, other, option] of [
      ['-listen=:1', '-bind-port=1', 'bind-port'],
      ['-bind-address=::1', '-listen=:1', 'bind-address'],
      ['-client-ca=a', '-client-ca-file=a', 'client-ca-file'],
      ['-tls-cert=c.pem', '-cert-file=c.pem', 'cert-file'],
      ['-key-file=k.pem', '-tls-key=k.pem', 'key-file'],
      ['-d', '-v=2', 'v'],
      ['-debug', '-d', 'v'],
    ] as const) {
      const [first, second] = [one, other].map((flag) => flag.split('=')[0]);
      assert.equal(faultOf([one, other]).message, `flags ${first} and ${second} both stand for ${option}`);
    }
    assert.equal(read([...REQUIRED, '--tls-cert=d.pem']).settings.certFile, 'd.pem', 'the last of a repeated one');
  });

  it('that are not as they must be are told by their own names', () => {
    assert.match(faultOf(['--listen=example.org:1']).message, /^flag -listen must be an IP address and a port/);
    assert.match(faultOf(['-listen']).message, /^flag -listen needs a value: ADDRESS:PORT/);
    assert.match(faultOf(['-d=perhaps']).message, /^flag -d must be true or false/);
    assert.match(faultOf(['--client-ca', '--tls-cert', 'x']).message, /^flag -client-ca needs a value/);
    assert.match(faultOf(['--tls-kye=x']).message, /unknown flag -tls-kye: did you mean -tls-key\?/);
  });

  it('are known where they stand among those of another command', () => {
    const { operands, ofServe } = splitArguments(['--tls-key', 'k', 'token', '-d', '-'], []);
    assert.deepEqual(
      [operands, ofServe],
      [
        ['token', '-'],
        ['--tls-key', 'k', '-d'],
      ],
    );
  });

  it('do not bring along its secret as an argument: what to use is said, and the secret is not', () => {
    const { message, cure } = faultOf([...REQUIRED, 'hunter2']);
    assert.match(message, /argument 6 is not a flag/);
    assert.match(cure ?? '', /the secret that kubehook takes here goes into a file, for signing-key-file/);
    assert.doesNotMatch(message + cure, /hunter2/);
  });
});

describe("kubehook's environment", () => {
  it('is not read, and each variable that is set has a sentence that says what to use', () => {
    const env = { KUBEHOOK_SECRET: 'hunter2', KUBEHOOK_MAX_LIFETIME: '168h', KUBEHOOK_USER_HEADER: 'X-User' };
    const { warnings, settings } = read(REQUIRED, env);
    assert.deepEqual(warnings, [
      'environment variable KUBEHOOK_SECRET is not read: use signing-key-file instead',
      'environment variable KUBEHOOK_USER_HEADER is not read: use user-header instead',
      'environment variable KUBEHOOK_MAX_LIFETIME is not read: use max-lifetime instead',
    ]);
    assert.equal(settings.headers, undefined);
  });

  it('ends the start where to pass over it would leave open what it was to close', () => {
    for (const [name, flag, says] of [
      ['KUBEHOOK_CLIENT_CA', '-client-ca-file', 'nobody would be asked for a certificate'],
      ['KUBEHOOK_LISTEN', '-bind-address', 'all addresses would be listened on'],
      ['KUBEHOOK_AUDIENCE', '-audience', 'tokens would be for no audience'],
    ] as const) {
      const env = { [name]: '127.0.0.1' };
      assert.ok(faultOf(REQUIRED, env).message.includes(says), name);
      const { warnings } = read([...REQUIRED, flag, '127.0.0.1'], env);
      assert.match(warnings.join(), new RegExp(`${name} is not read`));
    }
    assert.match(faultOf(REQUIRED, { KUBEHOOK_CLIENT_CA_SUBJECT: 'x' }).message, /any certificate would do/);
  });

  it('is not what Kubernetes makes of a Service called kubehook', () => {
    const env = {
      KUBEHOOK_SERVICE_HOST: '10.0.0.1',
      KUBEHOOK_SERVICE_PORT: '443',
      KUBEHOOK_PORT: 'tcp://10.0.0.1:443',
      KUBEHOOK_PORT_443_TCP_ADDR: '10.0.0.1',
      KUBEHOOK_SECRET: '',
    };
    assert.deepEqual(read(REQUIRED, env).warnings, []);
  });
});
