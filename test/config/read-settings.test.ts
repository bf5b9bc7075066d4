import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Environment } from '#src/config/environment.js';
import { type Invocation, readSettings } from '#src/config/read-settings.js';
import { ConfigurationError } from '#src/errors.js';
import { bounds } from '#src/http/bounds.js';

const REQUIRED = ['-cert-file', 'c.pem', '-key-file', 'k.pem', '-signing-key-file', 's.pem'];

type Serving = Extract<Invocation, { settings: unknown }>;

interface Extra {
  readonly env?: Environment;
  /** What the file `pamhook.yaml` holds. */
  readonly file?: string;
  readonly readableByOthers?: boolean;
}

function read(argv: readonly string[], { env = {}, file = '', readableByOthers = false }: Extra = {}): Invocation {
  const readFile = (path: string) => {
    assert.equal(path, 'pamhook.yaml');
    return { content: Buffer.from(file), readableByOthers };
  };
  return readSettings({ argv, env, readFile });
}

function serving(argv: readonly string[], extra?: Extra): Serving {
  const invocation = read(argv, extra);
  assert.ok('settings' in invocation);
  return invocation;
}

function settings(argv: readonly string[], extra?: Extra) {
  return serving([...REQUIRED, ...argv], extra).settings;
}

function faultOf(argv: readonly string[], extra?: Extra): ConfigurationError {
  try {
    read(argv, extra);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error;
  }
  return assert.fail('nothing was thrown');
}

test('readSettings() reads a command line of pam_hook', () => {
  const line =
    '-cert-file a -key-file b -signing-key c -bind-port 6443 -pam-service-name pamhook -audience x -server-name y -token-expires-in 5 -v 2';
  const { mode, settings: read } = serving(line.split(' '));
  const { signingKey, ...rest } = read;
  assert.equal(mode, 'serve');
  assert.equal(signingKey?.bytes().toString(), 'c');
  assert.deepEqual(rest, {
    bindAddress: '',
    bindPort: 6443,
    webhook: undefined,
    certFile: 'a',
    keyFile: 'b',
    clientCaFile: undefined,
    clientCaSubject: [],
    signingKeyFile: undefined,
    verificationKeyFiles: [],
    audience: ['x'],
    requireAudience: false,
    serverName: 'y',
    allowGroups: [],
    minUid: 0,
    usernamePrefix: '',
    groupsPrefix: '',
    groupsFilter: ['*'],
    tokenClaims: [],
    pamServiceName: 'pamhook',
    pamConfigDir: undefined,
    tokenExpiresIn: 5,
    maxLifetime: 300_000,
    headers: undefined,
    kubecfgTemplate: undefined,
    publicUrl: undefined,
    disableMlock: false,
    runAs: undefined,
    pamWorkers: 4,
    pamWorkerMaxLogins: 1000,
    pamWorkerNice: 10,
    pamTimeout: 30_000,
    loginQueue: 2048,
    refusalDelay: 3_000,
    passwordHelp: undefined,
    loginLimits: {
      freeFailures: 5,
      maxWait: 15_000,
      failuresPerHour: 100,
      sourceFreeFailures: 100,
      sourceFailuresPerHour: 1_000,
    },
    trustedProxies: [],
    limitsStore: undefined,
    limitsStoreUsername: undefined,
    limitsStorePasswordFile: undefined,
    limitsStoreCaFile: undefined,
    limitsStorePrefix: 'pamhook:',
    limitsStoreTimeout: 250,
    limitsStoreRunAs: undefined,
    metricsBind: undefined,
    metricsCertFile: undefined,
    metricsKeyFile: undefined,
    metricsRunAs: undefined,
    connections: {
      most: 8192,
      mostPerSource: 4096,
      mostOfWebhook: 2048,
      handshakeTimeout: 10_000,
      headerTimeout: 10_000,
      requestTimeout: 20_000,
      keepAliveTimeout: 120_000,
    },
    shutdownGracePeriod: 20_000,
    identityCacheTtl: 10_000,
    identityTimeout: 5_000,
    identityStaleFor: 300_000,
    reviewAccountCheck: false,
    accountCheckService: undefined,
    accountCheckTtl: 30_000,
    logFormat: 'auto',
    auditLog: '-',
    verbosity: 2,
  });
});

test('readSettings() reads the same from the environment of pam_hook', () => {
  const { settings: read } = serving([], {
    env: {
      PAMHOOK_BIND_ADDRESS: '127.0.0.1',
      PAMHOOK_BIND_PORT: '6443',
      PAMHOOK_TLS_CERT_FILE: 'a',
      PAMHOOK_TLS_KEY_FILE: 'b',
      PAMHOOK_SIGNING_KEY: 'c',
      PAMHOOK_AUDIENCE: 'x',
      PAMHOOK_SERVERNAME: 'y',
      PAMHOOK_PAM_SERVICE_NAME: 'sshd',
      PAMHOOK_TOKEN_EXPIRES_IN: '5',
      PAMHOOK_DISABLE_MLOCK: 'true',
    },
  });
  assert.equal(read.bindAddress, '127.0.0.1');
  assert.equal(read.bindPort, 6443);
  assert.equal(read.certFile, 'a');
  assert.equal(read.keyFile, 'b');
  assert.equal(read.signingKey?.bytes().toString(), 'c');
  assert.deepEqual(read.audience, ['x']);
  assert.equal(read.serverName, 'y');
  assert.equal(read.pamServiceName, 'sshd');
  assert.equal(read.tokenExpiresIn, 5);
  assert.equal(read.disableMlock, true);
});

test('a flag beats the environment, which beats the file, which beats the default', () => {
  const file = 'bind-port: 1';
  const env = { PAMHOOK_BIND_PORT: '2' };
  assert.equal(settings([]).bindPort, 8080);
  assert.equal(settings(['-config', 'pamhook.yaml'], { file }).bindPort, 1);
  assert.equal(settings(['-config', 'pamhook.yaml'], { file, env }).bindPort, 2);
  assert.equal(settings(['-config', 'pamhook.yaml', '-bind-port', '3'], { file, env }).bindPort, 3);
});

test('a bad value is a fault even where a stronger place overrides it', () => {
  const fault = faultOf([...REQUIRED, '-bind-port', '1'], { env: { PAMHOOK_BIND_PORT: 'x' } });
  assert.equal(fault.message, 'environment variable PAMHOOK_BIND_PORT must be a whole number from 0 to 65535, not "x"');
});

test('the config file may be named by the environment', () => {
  assert.equal(settings([], { env: { PAMHOOK_CONFIG: 'pamhook.yaml' }, file: 'v: 3' }).verbosity, 3);
});

test('an empty environment variable counts as unset', () => {
  assert.equal(settings([], { env: { PAMHOOK_BIND_PORT: '', PAMHOOK_CONFIG: '' } }).bindPort, 8080);
});

test('an empty flag unsets what the environment set', () => {
  assert.equal(settings(['-signing-key='], { env: { PAMHOOK_SIGNING_KEY: 'c' } }).signingKey, undefined);
  assert.equal(settings(['-config', ''], { env: { PAMHOOK_CONFIG: 'not-read.yaml' } }).bindPort, 8080);
});

test('flags take one dash or two, a space or a =, and the last of a repeated one counts', () => {
  for (const argv of [
    ['-bind-port', '5'],
    ['--bind-port', '5'],
    ['-bind-port=5'],
    ['--bind-port=4', '-bind-port=5', '--'],
  ]) {
    assert.equal(settings(argv).bindPort, 5);
  }
});

test('a boolean flag never eats the next argument, any other takes it even with a dash', () => {
  const read = settings(['-disable-mlock', '-server-name', '-x', '-audience=a=b', '-run-as=-v']);
  assert.equal(read.disableMlock, true);
  assert.equal(read.serverName, '-x');
  assert.deepEqual(read.audience, ['a=b']);
  assert.equal(read.runAs, '-v');
  assert.match(faultOf([...REQUIRED, '-disable-mlock', 'false']).message, /^argument 8 is not a flag/);
});

test('a flag whose value was left out does not show or swallow the next one', () => {
  for (const next of ['-signing-key', '-signing-key=hunter2', '--signing-key=hunter2', '-signing-key hunter2']) {
    const { message } = faultOf(['-server-name', next, 'hunter2']);
    assert.equal(message, 'flag -server-name needs a value: text of at most 1024 bytes without control characters');
  }
  for (const name of ['bind-port', 'pam-timeout', 'log-format']) {
    const { message } = faultOf([...REQUIRED, `-${name}`, '-singing-key=hunter2']);
    assert.match(message, new RegExp(`^flag -${name} must be [^"]*$`));
    assert.doesNotMatch(message, /hunter2/);
  }
});

test('booleans are the words of Go', () => {
  for (const word of ['1', 't', 'T', 'TRUE', 'true', 'True']) {
    assert.equal(settings([`-disable-mlock=${word}`]).disableMlock, true);
  }
  for (const word of ['0', 'f', 'F', 'FALSE', 'false', 'False']) {
    assert.equal(settings([`-disable-mlock=${word}`]).disableMlock, false);
  }
  assert.equal(faultOf(['-disable-mlock=yes']).message, 'flag -disable-mlock must be true or false, not "yes"');
  assert.equal(faultOf(['-disable-mlock=']).message, 'flag -disable-mlock must be true or false, not ""');
});

test('an unknown flag is named with the nearest known one', () => {
  assert.equal(faultOf(['-bind-prot', '1']).message, 'unknown flag -bind-prot: did you mean -bind-port?');
  assert.equal(faultOf(['--quux=1']).message, 'unknown flag -quux');
  assert.equal(faultOf(['-constructor']).message, 'unknown flag -constructor');
  assert.equal(faultOf(['--log-dir']).message, 'unknown flag -log-dir: did you mean -log_dir?');
});

test('what is no flag is not shown, since it may be a piece of a secret', () => {
  for (const argv of [
    ['hunter2'],
    ['--', 'hunter2'],
    ['-=hunter2'],
    ['---hunter2'],
    ['-'],
    [''],
    ['-signing-key', 'a', 'hunter2'],
  ]) {
    const { message } = faultOf(argv);
    assert.match(message, /^argument \d is not a flag/);
    assert.doesNotMatch(message, /hunter2/);
  }
  assert.equal(faultOf(['-signing-key hunter2']).message, 'unknown flag -signing-key…: did you mean -signing-key?');
});

test('a flag without its value is named', () => {
  assert.equal(faultOf(['-bind-port']).message, 'flag -bind-port needs a value: a whole number from 0 to 65535');
});

test('numbers are bounded and decimal', () => {
  const bounds: Record<string, [least: number, most: number]> = {
    'bind-port': [0, 65_535],
    'token-expires-in': [1, 525_600],
    'pam-workers': [1, 64],
    'pam-worker-max-logins': [1, 1_000_000],
    'pam-worker-nice': [0, 19],
    'login-queue': [1, 65_536],
    'max-connections': [1, 262_144],
    v: [0, 100],
  };
  for (const [name, [least, most]] of Object.entries(bounds)) {
    const wanted = `flag -${name} must be a whole number from ${least} to ${most}`;
    settings([`-${name}=${least}`]);
    settings([`-${name}=${most}`]);
    for (const bad of [`${least - 1}`, `${most + 1}`, '', '1.5', '0x10', '010', '1e2', ' 1', '9'.repeat(30)]) {
      assert.ok(faultOf([`-${name}=${bad}`, ...REQUIRED]).message.startsWith(wanted), `${name} ${bad}`);
    }
  }
});

test('durations are bounded and need a unit', () => {
  const bounds: Record<string, [least: string, under: string, most: string, over: string]> = {
    'pam-timeout': ['100ms', '99ms', '10m', '10m1ms'],
    'refusal-delay': ['100ms', '99ms', '1m', '1m1ms'],
    'handshake-timeout': ['100ms', '99ms', '1m', '1m1ms'],
    'request-timeout': ['100ms', '99ms', '10m', '10m1ms'],
    'keep-alive-timeout': ['100ms', '99ms', '1h', '1h1ms'],
    'shutdown-grace-period': ['0', '-1s', '1h', '1h1ms'],
    'identity-cache-ttl': ['0', '-1s', '5m', '5m1ms'],
    'identity-stale-for': ['0', '-1s', '24h', '24h1ms'],
    'account-check-ttl': ['1s', '999ms', '10m', '10m1ms'],
  };
  for (const [name, [least, under, most, over]] of Object.entries(bounds)) {
    settings([`-${name}=${least}`]);
    settings([`-${name}=${most}`]);
    for (const bad of [under, over, '30']) {
      assert.ok(faultOf([`-${name}=${bad}`, ...REQUIRED]).message.startsWith(`flag -${name}`), `${name} ${bad}`);
    }
  }
  assert.equal(
    faultOf(['-pam-timeout', '30']).message,
    'flag -pam-timeout: "30" has no unit: write it as 500ms, 90s, 10m or 1h30m',
  );
});

test('texts are bounded and without control characters', () => {
  assert.equal(settings(['-run-as', 'x'.repeat(8192)]).runAs?.length, 8192);
  assert.match(faultOf(['-run-as', 'x'.repeat(8193)]).message, /^flag -run-as must be text of at most 8192 bytes/);
  assert.match(faultOf(['-cert-file', 'a\u0000b']).message, /without control characters, not "a\\u0000b"$/);
});

test('server-name is as long as the processes take it from each other', () => {
  assert.equal(settings(['-server-name', 'ä'.repeat(512)]).serverName.length, 512);
  assert.match(
    faultOf(['-server-name', `${'ä'.repeat(512)}x`]).message,
    /^flag -server-name must be text of at most 1024 bytes/,
  );
});

test('pam-service-name is one file name', () => {
  assert.equal(settings(['-pam-service-name', 'a'.repeat(255)]).pamServiceName.length, 255);
  for (const bad of ['', '.', '..', 'a/b', '/etc/shadow', 'a'.repeat(256), 'a\nb']) {
    assert.match(
      faultOf(['-pam-service-name', bad]).message,
      /^flag -pam-service-name must be the name of a PAM service/,
    );
  }
});

test('bind-address takes what Go takes, but no names', () => {
  const known = { '': '', '::': '::', '[::1]': '::1', localhost: '127.0.0.1', '10.0.0.1': '10.0.0.1' };
  for (const [given, wanted] of Object.entries(known)) {
    assert.equal(settings(['-bind-address', given]).bindAddress, wanted);
  }
  assert.equal(
    faultOf(['-bind-address', 'example.org']).message,
    'flag -bind-address must be an IP address, or empty for all, not "example.org"',
  );
});

test('lists are trimmed, empty items dropped, and bounded', () => {
  assert.deepEqual(settings(['-audience', ' a, b ,,c,']).audience, ['a', 'b', 'c']);
  assert.deepEqual(settings(['-verification-key-files', 'x,y']).verificationKeyFiles, ['x', 'y']);
  assert.equal(settings(['-audience', 'a,'.repeat(64)]).audience.length, 64);
  assert.match(
    faultOf(['-audience', 'a,'.repeat(65)]).message,
    /^flag -audience must be a comma list of at most 64 items/,
  );
});

test('a source may not be given more connections than there are, nor headers more time than their request', () => {
  const most = ['-max-connections', '100', '-request-timeout', '5s'];
  for (const [name, equal, larger, whole] of [
    ['max-connections-per-source', '100', '101', 'max-connections, which is 100'],
    ['header-timeout', '5s', '5001ms', 'request-timeout, which is 5s'],
  ]) {
    settings([...most, `-${name}=${equal}`]);
    const { message } = faultOf([...REQUIRED, ...most, `-${name}=${larger}`]);
    assert.equal(message, `flag -${name} must not be more than ${whole}`);
  }
  assert.match(
    faultOf([...REQUIRED, '-max-connections-per-source', '9000']).message,
    /must not be more than max-connections, which is 8192$/,
  );
  const { mostPerSource, headerTimeout } = settings(most).connections;
  assert.deepEqual([mostPerSource, headerTimeout], [100, 5000], 'a default gives way');
});

test('no token may live longer by default than anybody may ask for', () => {
  const lifetimes = (argv: readonly string[]) => {
    const { tokenExpiresIn, maxLifetime } = settings(argv);
    return [tokenExpiresIn, maxLifetime];
  };
  assert.deepEqual(lifetimes([]), [10, 600_000]);
  assert.deepEqual(lifetimes(['-token-expires-in', '60']), [60, 3_600_000], 'as pam_hook has it');
  assert.deepEqual(lifetimes(['-max-lifetime', '24h']), [10, 86_400_000]);
  assert.deepEqual(lifetimes(['-max-lifetime', '10m', '-token-expires-in', '10']), [10, 600_000]);
  assert.deepEqual(lifetimes(['-max-lifetime', '90s']), [1, 90_000], 'a default gives way');
  const { message } = faultOf([...REQUIRED, '-max-lifetime', '9m59s', '-token-expires-in', '10']);
  assert.equal(message, 'flag -token-expires-in must not be more than max-lifetime, which is 9m59s');
});

test('the defaults of the options on connections are those of the front', () => {
  const { connections } = settings([]);
  const { most, mostPerSource, handshakeTimeout, headerTimeout, requestTimeout, keepAliveTimeout } = connections;
  assert.deepEqual(
    [most, mostPerSource, handshakeTimeout, headerTimeout, requestTimeout, keepAliveTimeout],
    [
      bounds.connections,
      bounds.connectionsPerSource,
      bounds.handshakeTimeout,
      bounds.headersTimeout,
      bounds.requestTimeout,
      bounds.keepAliveTimeout,
    ],
  );
});

test('log-format is one of three words', () => {
  assert.equal(settings(['-log-format', 'json']).logFormat, 'json');
  assert.equal(faultOf(['-log-format', 'xml']).message, 'flag -log-format must be one of auto, text, json, not "xml"');
});

test('certificate, key and signing key are required, and only one signing key is taken', () => {
  assert.equal(faultOf([]).message, 'cert-file is required');
  assert.match(faultOf([]).cure ?? '', /-cert-file PATH.*PAMHOOK_TLS_CERT_FILE/);
  assert.equal(faultOf(['-cert-file', 'c']).message, 'key-file is required');
  assert.equal(
    faultOf(['-cert-file', 'c', '-key-file', 'k']).message,
    'signing-key or signing-key-file: one of the two is required',
  );
  assert.equal(
    faultOf(REQUIRED, { env: { PAMHOOK_SIGNING_KEY: 'hunter2' } }).message,
    'environment variable PAMHOOK_SIGNING_KEY and flag -signing-key-file exclude each other',
  );
});

test('audit-log must not be empty', () => {
  assert.equal(faultOf([...REQUIRED, '-audit-log=']).message, 'flag -audit-log must be a path or -');
});

test('help and version end the reading of flags, and need nothing else', () => {
  assert.deepEqual(read(['-help', '-no-such-flag']), { mode: 'help' });
  assert.deepEqual(read(['-h']), { mode: 'help' });
  assert.deepEqual(read(['--version'], { env: { PAMHOOK_BIND_PORT: 'x' } }), { mode: 'version' });
  assert.equal(serving([...REQUIRED, '-help=false', '-version=0']).mode, 'serve');
  assert.equal(faultOf(['-help=maybe']).message, 'flag -help must be true or false, not "maybe"');
});

test('print-config is a mode of its own, with the settings checked', () => {
  assert.equal(serving([...REQUIRED, '-print-config']).mode, 'print-config');
  assert.equal(faultOf(['-print-config']).message, 'cert-file is required');
});

test('a signing key on the command line is warned of, one in the environment is not', () => {
  const tls = ['-cert-file', 'c', '-key-file', 'k'];
  assert.match(serving([...tls, '-signing-key', 'hunter2']).warnings.join(), /^flag -signing-key can be seen/);
  assert.deepEqual(serving(tls, { env: { PAMHOOK_SIGNING_KEY: 'hunter2' } }).warnings, []);
});

test('allow-groups that is given and empty is warned of, since it keeps nobody out', () => {
  assert.deepEqual(serving([...REQUIRED, '-allow-groups', ' , ']).warnings, [
    'flag -allow-groups names no group: every account may have a token',
  ]);
  assert.deepEqual(serving([...REQUIRED, '-allow-groups', 'wheel']).warnings, []);
  assert.deepEqual(serving(REQUIRED, { env: { PAMHOOK_ALLOW_GROUPS: '' } }).warnings, []);
});

test('token-claims are words of a closed list', () => {
  assert.deepEqual(settings(['-token-claims', ' groups ,']).tokenClaims, ['groups']);
  assert.deepEqual(settings(['-token-claims=']).tokenClaims, []);
  for (const given of ['uid', 'groups,email', 'Groups']) {
    assert.equal(
      faultOf([...REQUIRED, '-token-claims', given]).message,
      `flag -token-claims must be a comma list of groups, not "${given}"`,
    );
  }
});

test('policies are read from flags, and prefixes that could make a name reserved are a fault', () => {
  const given = ['-allow-groups', 'a, domain users', '-min-uid', '1000', '-username-prefix', 'unix:'];
  const { allowGroups, minUid, usernamePrefix, groupsPrefix, groupsFilter } = settings([
    ...given,
    '-groups-prefix=g-',
    '-groups-filter=k8s-*,?',
  ]);
  assert.deepEqual([allowGroups, minUid], [['a', 'domain users'], 1000]);
  assert.deepEqual([usernamePrefix, groupsPrefix, groupsFilter], ['unix:', 'g-', ['k8s-*', '?']]);
  assert.deepEqual(settings(['-groups-filter=']).groupsFilter, []);
  for (const name of ['username-prefix', 'groups-prefix']) {
    for (const prefix of ['system:', 'system:x', 's', 'system']) {
      assert.equal(
        faultOf([...REQUIRED, `-${name}`, prefix]).message,
        `flag -${name} must be a prefix of at most 256 bytes through which no name can begin with system:, not "${prefix}"`,
      );
    }
  }
  assert.match(faultOf([...REQUIRED, '-min-uid', '4294967295']).message, /a whole number from 0 to 4294967294/);
});

test('glog flags without a meaning here are accepted with one warning, the others silently', () => {
  const silent = ['-logtostderr', '-alsologtostderr=true', '-v', '1'];
  assert.deepEqual(serving([...REQUIRED, ...silent]).warnings, []);
  const loud = ['-log_dir', '/x', '-stderrthreshold', 'INFO', '-vmodule', 'a=1', '-log_backtrace_at', 'a.go:1'];
  assert.deepEqual(serving([...REQUIRED, ...loud, '-logtostderr=false']).warnings, [
    'without effect, since the log goes to standard error: flag -logtostderr, flag -log_dir, flag -stderrthreshold, flag -vmodule, flag -log_backtrace_at',
  ]);
});

test('options of the account check that have no effect without it are warned of', () => {
  const given = [...REQUIRED, '-account-check-service', 'x', '-account-check-ttl', '10s'];
  assert.deepEqual(serving(given).warnings, [
    'without effect, since review-account-check is off: flag -account-check-service, flag -account-check-ttl',
  ]);
  assert.deepEqual(serving([...given, '-review-account-check']).warnings, []);
});

test('limits on logins are set one by one, or off, and then those given are warned of', () => {
  const given = ['-login-free-failures', '1', '-login-max-wait', '1m', '-source-failures-per-hour', '10'];
  const { settings, warnings } = serving([...REQUIRED, ...given]);
  assert.deepEqual(settings.loginLimits, {
    freeFailures: 1,
    maxWait: 60_000,
    failuresPerHour: 100,
    sourceFreeFailures: 100,
    sourceFailuresPerHour: 10,
  });
  assert.deepEqual(warnings, []);
  const off = serving([...REQUIRED, ...given, '-login-limits', 'off']);
  assert.equal(off.settings.loginLimits, undefined);
  assert.deepEqual(off.warnings, [
    'without effect, since login-limits is off: flag -login-free-failures, flag -login-max-wait, flag -source-failures-per-hour',
  ]);
});

test('trusted proxies are addresses and networks of both families, and nothing else', () => {
  const taken = ['192.0.2.1', '10.0.0.0/8', '10.1.2.3/8', '2001:db8::1', '2001:db8::/32', '::/128', '1::/0'];
  const { settings, warnings } = serving([...REQUIRED, '-trusted-proxies', taken.join(', ')]);
  assert.deepEqual(settings.trustedProxies, taken);
  assert.deepEqual(warnings, ['flag -trusted-proxies trusts every address: any client can pass itself off as another']);
  const refused = ['proxy', '10.0.0/8', '10.0.0.0/33', '10.0.0.0/08', '10.0.0.0/', '10.0.0.0/-1', '::/129', '/8', '*'];
  for (const network of [
    ...refused,
    '::ffff:10.0.0.0/104',
    '::ffff:a00:1',
    'fe80::1%eth0',
    'fe80::%eth0/64',
    '10.0.0.0/8/8',
  ]) {
    assert.throws(() => serving([...REQUIRED, '-trusted-proxies', `10.0.0.1,${network}`]), {
      message: /^flag -trusted-proxies must be a comma list .* such as 192\.0\.2\.1, 10\.0\.0\.0\/8/,
    });
  }
});

test('a file that holds the signing key and is readable by others is warned of', () => {
  const argv = ['-cert-file', 'c', '-key-file', 'k', '-config', 'pamhook.yaml'];
  const file = 'signing-key: hunter2';
  assert.deepEqual(serving(argv, { file }).warnings, []);
  assert.deepEqual(serving(argv, { file, readableByOthers: true }).warnings, [
    'pamhook.yaml holds the signing key and is readable by others: make its mode 0600',
  ]);
});

test('a bad value in a file is named with key and file', () => {
  const faults: Record<string, string> = {
    'bind-port: abc': 'bind-port in pamhook.yaml must be a whole number from 0 to 65535, not "abc"',
    'bind-port: 1.5': 'bind-port in pamhook.yaml must be a whole number from 0 to 65535, not 1.5',
    'bind-port: [1]': 'bind-port in pamhook.yaml must be a whole number from 0 to 65535, not [1]',
    'bind-port: true': 'bind-port in pamhook.yaml must be a whole number from 0 to 65535, not true',
    'disable-mlock: 1': 'disable-mlock in pamhook.yaml must be true or false, not 1',
    'pam-timeout: 30': 'pam-timeout in pamhook.yaml: "30" has no unit: write it as 500ms, 90s, 10m or 1h30m',
    'audience: [1]': 'audience in pamhook.yaml must be a comma list of at most 64 items and 8192 bytes, not [1]',
    'bind-port:': 'configuration file pamhook.yaml has no value for bind-port',
    'bind-port: { a: 1 }':
      'configuration file pamhook.yaml has a value that is no text, number, boolean or list for bind-port',
  };
  for (const [file, message] of Object.entries(faults)) {
    assert.equal(faultOf([...REQUIRED, '-config', 'pamhook.yaml'], { file }).message, message);
  }
  const key = faultOf(['-config', 'pamhook.yaml'], { file: 'signing-key: 123456' });
  assert.equal(
    key.message,
    'signing-key in pamhook.yaml must be text of at most 8192 bytes without control characters',
  );
});

test('a file holds lists, numbers, booleans and texts as flags take them', () => {
  const file =
    'audience: [a, " b ", ""]\nverification-key-files: x,y\ndisable-mlock: true\nidentity-cache-ttl: 0\nbind-port: "7"\n';
  const read = settings(['-config', 'pamhook.yaml'], { file });
  assert.deepEqual(read.audience, ['a', 'b']);
  assert.deepEqual(read.verificationKeyFiles, ['x', 'y']);
  assert.equal(read.disableMlock, true);
  assert.equal(read.identityCacheTtl, 0);
  assert.equal(read.bindPort, 7);
});

test('a config file that cannot be read is named with the reason', () => {
  const fault = (() => {
    try {
      readSettings({ argv: ['-config', '/nonexistent/pamhook.yaml'], env: {} });
    } catch (error) {
      return error;
    }
    return undefined;
  })();
  assert.ok(fault instanceof ConfigurationError);
  assert.equal(fault.message, 'flag -config: cannot read /nonexistent/pamhook.yaml (ENOENT)');
  assert.ok(fault.cause instanceof Error);
});

test('readSettings() reads where the shared counts are', () => {
  const given = ['-limits-store', 'rediss://redis.example.org/1', '-limits-store-timeout', '1s'];
  const { settings, warnings } = serving([...REQUIRED, ...given, '-limits-store-ca-file', 'ca.pem']);
  const { limitsStore, limitsStoreTimeout, limitsStoreCaFile } = settings;
  assert.deepEqual(limitsStore, { kind: 'tcp', tls: true, host: 'redis.example.org', port: 6379, database: 1 });
  assert.deepEqual([limitsStoreTimeout, limitsStoreCaFile, warnings], [1_000, 'ca.pem', []]);
});

test('a limits-store with a password in it is refused, and the password not shown', () => {
  for (const value of ['redis://:hunter2@redis', 'redis://alice:hunter2@redis', 'hunter2@redis']) {
    const fault = faultOf([...REQUIRED, '-limits-store', value]);
    assert.match(fault.message, /^flag -limits-store: /);
    assert.doesNotMatch(fault.message, /hunter2/);
  }
  assert.match(faultOf([...REQUIRED, '-limits-store', 'redis://:x@redis']).message, /limits-store-password-file/);
  const file = 'limits-store: [redis://:hunter2@redis]';
  assert.doesNotMatch(faultOf(['-config', 'pamhook.yaml'], { file }).message, /hunter2/);
});

test('options of a limits-store that would look safer than they are are refused', () => {
  const plain = [...REQUIRED, '-limits-store', 'redis://localhost'];
  assert.match(faultOf([...plain, '-limits-store-ca-file', 'x']).message, /-limits-store-ca-file is for TLS/);
  assert.match(faultOf([...plain, '-limits-store-username', 'x']).message, /needs limits-store-password-file/);
  for (const timeout of ['0', '19ms', '5001ms']) {
    assert.match(faultOf([...plain, '-limits-store-timeout', timeout]).message, /20ms to 5s/);
  }
  assert.match(faultOf([...plain, '-limits-store-prefix', 'x'.repeat(65)]).message, /64 bytes/);
});

test('options of a limits-store without one, one without limits, and one in clear over a network are warned of', () => {
  const warningsWith = (...flags: string[]) => serving([...REQUIRED, ...flags]).warnings;
  assert.deepEqual(warningsWith('-limits-store-prefix', 'x', '-limits-store-run-as', 'y'), [
    'without effect, since limits-store is not set: flag -limits-store-prefix, flag -limits-store-run-as',
  ]);
  assert.deepEqual(warningsWith('-limits-store', 'redis://localhost', '-login-limits', 'off'), [
    'without effect, since login-limits is off: flag -limits-store',
  ]);
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]']) {
    assert.deepEqual(warningsWith('-limits-store', `redis://${host}`), []);
  }
  assert.deepEqual(warningsWith('-limits-store', 'unix:///run/redis.sock'), []);
  for (const host of ['redis', '10.0.0.1', '127.0.0.1.example.org', '[2001:db8::1]']) {
    assert.deepEqual(warningsWith('-limits-store', `redis://${host}`), [
      'flag -limits-store is without TLS: who is on the way can read the password and change the counts',
    ]);
  }
});

test('readSettings() refuses client-ca-subject without the CA: callers would look checked', () => {
  const argv = [...REQUIRED, '-client-ca-subject', 'kube-apiserver'];
  assert.match(faultOf(argv).message, /flag -client-ca-subject needs client-ca-file/);
  const { clientCaFile, clientCaSubject } = settings(['-client-ca-subject', 'a, b', '-client-ca-file', 'ca.crt']);
  assert.deepEqual([clientCaFile, clientCaSubject], ['ca.crt', ['a', 'b']]);
});

test('metrics have an address and a port in one, and TLS files both or none', () => {
  const metrics = ['-metrics-bind-address', '[::1]:9187', '-metrics-cert-file', 'a', '-metrics-key-file', 'b'];
  const { settings, warnings } = serving([...REQUIRED, ...metrics]);
  assert.deepEqual(settings.metricsBind, { address: '::1', port: 9187 });
  assert.deepEqual([settings.metricsCertFile, settings.metricsKeyFile], ['a', 'b']);
  assert.deepEqual(warnings, []);
  const halves = [metrics.slice(0, 4), [...metrics.slice(0, 2), ...metrics.slice(4)]];
  assert.match(
    faultOf([...REQUIRED, ...(halves[0] ?? [])]).message,
    /^flag -metrics-cert-file needs metrics-key-file$/,
  );
  assert.match(
    faultOf([...REQUIRED, ...(halves[1] ?? [])]).message,
    /^flag -metrics-key-file needs metrics-cert-file$/,
  );
  assert.match(faultOf([...REQUIRED, '-metrics-bind-address', '9187']).message, /must be an IP address and a port/);
  assert.match(
    serving([...REQUIRED, ...metrics.slice(2)]).warnings.join(),
    /metrics-bind-address is not set: .*cert.*key/,
  );
});
