import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childEnvironment, forgetSecrets, readEnvironment } from '#src/config/environment.js';

test('forgetSecrets() leaves no secret in process.env, each wiped while it was still there', () => {
  process.env['PAMHOOK_SIGNING_KEY'] = 'hunter2';
  process.env['KUBEHOOK_SECRET'] = 'hunter2';
  process.env['PAMHOOK_SERVERNAME'] = 'y';
  try {
    const environment = readEnvironment();
    forgetSecrets((name) => assert.equal(process.env[name], 'hunter2'));
    assert.equal(environment['PAMHOOK_SIGNING_KEY'], 'hunter2');
    assert.equal(process.env['PAMHOOK_SIGNING_KEY'], undefined);
    assert.equal(process.env['KUBEHOOK_SECRET'], undefined);
    assert.equal(process.env['PAMHOOK_SERVERNAME'], 'y');
  } finally {
    delete process.env['PAMHOOK_SERVERNAME'];
  }
});

test('childEnvironment() passes on only what is on its list', () => {
  const passed = {
    PATH: '/bin',
    LANG: 'C',
    LANGUAGE: 'de',
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    LD_PRELOAD: 'libnss_wrapper.so',
    LD_LIBRARY_PATH: '/lib',
    NSS_WRAPPER_PASSWD: '/p',
    NSS_WRAPPER_GROUP: '/g',
    PAM_WRAPPER: '1',
    PAM_WRAPPER_SERVICE_DIR: '/s',
    ASAN_OPTIONS: 'detect_leaks=0',
    LSAN_OPTIONS: 'x',
  };
  const kept = {
    PAMHOOK_SIGNING_KEY: 'hunter2',
    PAMHOOK_SERVERNAME: 'y',
    NODE_OPTIONS: '--require=/x.js',
    NODE_EXTRA_CA_CERTS: '/ca',
    HOME: '/root',
    NOTIFY_SOCKET: '/run/n',
    XPATH: 'x',
    PATH2: 'x',
    TZ2: 'x',
  };
  assert.deepEqual(childEnvironment({ ...passed, ...kept, LC_TIME: '', LC_NAME: undefined }), passed);
});
