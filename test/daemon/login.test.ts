import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { ALICE, ALICES_GROUPS, type Answer, auditLines, isRoot, setScene, startDaemon } from './daemon-harness.js';

/** Who may not, and why. */
const ACCOUNT_SERVICE = [
  'auth required MATRIX',
  'account [success=ignore default=1] pam_succeed_if.so quiet user = expired',
  'account requisite pam_debug.so acct=acct_expired',
  'account [success=ignore default=1] pam_succeed_if.so quiet user = stale',
  'account requisite pam_debug.so acct=new_authtok_reqd',
  'account [success=ignore default=1] pam_succeed_if.so quiet user = barred',
  'account requisite pam_debug.so acct=perm_denied',
  'account required MATRIX',
];
const PEOPLE = ['expired', 'stale', 'barred'];
const passwords = Object.fromEntries(['alice', ...PEOPLE].map((name) => [name, 'secret']));
const passwd = [ALICE, ...PEOPLE.map((name, index) => `${name}:x:${20010 + index}:20001::/:/bin/sh`)];

/** All that a client can tell one answer from another by, but for what differs in every answer. */
function visible({ status, rawHeaders, body }: Answer) {
  const headers = rawHeaders.map((value, index) =>
    /^(date|x-request-id)$/i.test(rawHeaders[index - 1] ?? '') ? '' : value,
  );
  return { status, headers, body };
}

describe('a login', () => {
  it('gives curl a token for the right password, and the token a review with uid and groups', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene);
    const curl = (...args: string[]) =>
      promisify(execFile)('curl', ['-sS', '--noproxy', '*', '--cacert', join(scene.dir, 'tls', 'ca.crt'), ...args], {
        env: { PATH: process.env['PATH'] },
      });
    const url = `https://localhost:${daemon.port}`;
    const { stdout: token } = await curl('-u', 'alice:secret', `${url}/token`);
    assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: token.trim() } };
    const { stdout } = await curl(
      '-H',
      'Content-Type: application/json',
      '-d',
      JSON.stringify(review),
      `${url}/authenticate`,
    );
    const { status } = JSON.parse(stdout);
    assert.equal(status.authenticated, true);
    assert.equal(status.user.username, 'alice');
    assert.equal(status.user.uid, '20001');
    assert.deepEqual(status.user.groups.sort(), ['alice', 'developers']);
    assert.equal((await curl(`${url}/heartbeat`)).stdout.trim(), 'ok');
  });

  it('refuses alike, whatever is wrong, and says why only after the right password', async (t) => {
    const scene = await setScene(t, { passwords, passwd, service: ACCOUNT_SERVICE });
    const daemon = await startDaemon(t, scene);
    const refusals = await Promise.all([
      daemon.login('alice', 'wrong'),
      daemon.login('nobody-of-that-name', 'secret'),
      daemon.login('expired', 'wrong'),
      daemon.login('stale', 'wrong'),
      daemon.login('alice', ''),
      daemon.login('', 'secret'),
      daemon.login('al\0ice', 'secret'),
      daemon.login('a'.repeat(512), 'secret'),
      daemon.login('alice', 's'.repeat(512)),
      daemon.login('alice', 'secret\0'),
    ]);
    const [first, ...others] = refusals.map(visible);
    assert.equal(first?.status, 401);
    assert.match(first?.body ?? '', /^Authentication failure\n?$/);
    for (const other of others) assert.deepEqual(other, first);
    for (const [user, reason] of [
      ['expired', 'account expired'],
      ['stale', 'password expired'],
      ['barred', 'access denied'],
    ] as const) {
      const answer = await daemon.login(user, 'secret');
      assert.equal(answer.status, 401);
      assert.match(answer.body, new RegExp(`^Authentication failure: ${reason}\n?$`));
    }
  });

  it('is refused no sooner than refusal-delay after it began', async (t) => {
    const scene = await setScene(t, { passwords, passwd, service: ACCOUNT_SERVICE });
    const daemon = await startDaemon(t, scene, ['-refusal-delay', '700ms']);
    await daemon.login('alice', 'secret');
    const took = async (user: string, password: string) => {
      const began = performance.now();
      await daemon.login(user, password);
      return performance.now() - began;
    };
    for (const [user, password] of [
      ['alice', 'wrong'],
      ['unknown', 'x'],
      ['expired', 'secret'],
      ['alice', ''],
    ] as const) {
      assert.ok((await took(user, password)) >= 699, `${user} is refused too early`);
    }
    assert.ok((await took('alice', 'secret')) < 700, 'the right password waits for nothing');
  });

  it('hands on what modules said to who has the right password, and to nobody else', async (t) => {
    const scene = await setScene(t, {
      service: [
        'auth required MATRIX',
        'account required MATRIX',
        `account optional pam_exec.so stdout quiet /bin/echo Your password expires in 3 days`,
      ],
    });
    const daemon = await startDaemon(t, scene);
    const headers = { accept: 'application/json' };
    const right = JSON.parse((await daemon.login('alice', 'secret', { headers })).body);
    assert.match(right.messages.join(), /expires in 3 days/);
    assert.equal(right.username, 'alice');
    assert.ok(Date.parse(right.expirationTimestamp) > Date.now());
    const wrong = JSON.parse((await daemon.login('alice', 'wrong', { headers })).body);
    assert.deepEqual(wrong, { error: 'Authentication failure' });
  });

  it('asks for a further response at once, and takes it from a header', async (t) => {
    const scene = await setScene(t, {
      passwords: { alice: 'secret' },
      service: ['auth requisite MATRIX', 'auth required MATRIX', 'account required MATRIX'],
    });
    const daemon = await startDaemon(t, scene);
    const asked = await daemon.login('alice', 'secret', { headers: { accept: 'application/json' } });
    assert.equal(asked.status, 401);
    assert.deepEqual(JSON.parse(asked.body), {
      error: 'Additional response required',
      prompts: [{ text: 'Password: ', echo: false }],
    });
    const response = Buffer.from('secret').toString('base64');
    const answer = await daemon.login('alice', 'secret', { headers: { 'x-pamhook-response': response } });
    assert.equal(answer.status, 200);
  });

  it('takes a code once, also when it comes twice at the same moment', async (t) => {
    const scene = await setScene(t);
    const [used, code] = [join(scene.dir, 'used'), join(scene.dir, 'code')];
    // As modules for one-time codes do it: look, and some time later write.
    writeFileSync(code, `#!/bin/sh\ntest ! -e ${used} && sleep 0.2 && touch ${used}\n`, { mode: 0o755 });
    scene.service([
      'auth requisite MATRIX',
      `auth [success=1 default=ignore] pam_exec.so quiet ${code}`,
      'auth requisite pam_deny.so',
      'auth required pam_permit.so',
      'account required MATRIX',
    ]);
    const daemon = await startDaemon(t, scene);
    // Four workers are up, and free, once they have had four others.
    await Promise.all(['a', 'b', 'c', 'd'].map((user) => daemon.login(user, 'wrong')));
    const answers = await Promise.all(Array.from({ length: 4 }, () => daemon.login('alice', 'secret')));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401, 401]);
  });

  it('that PAM cannot check is answered 503, and not as a refusal', async (t) => {
    const scene = await setScene(t, {
      service: ['auth required pam_debug.so auth=authinfo_unavail', 'account required MATRIX'],
    });
    const daemon = await startDaemon(t, scene);
    const answer = await daemon.login('alice', 'secret');
    assert.equal(answer.status, 503);
    assert.ok(answer.headers['retry-after']);
    assert.equal(auditLines(scene).at(-1)?.['event'], 'token.unavailable');
  });

  it('bad parameters are refused before PAM is asked', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene);
    const bodies: Record<string, RegExp> = {
      '?token-expires-in=x': /'x' is not a valid integer/,
      '?token-expires-in=11': /11 is greater than the configured token-expiry/,
      '?token-expires-in=0': /0 is not a positive number of minutes/,
    };
    for (const [query, body] of Object.entries(bodies)) {
      const answer = await daemon.login('alice', 'wrong', { query });
      assert.equal(answer.status, 400);
      assert.match(answer.body, body);
    }
    assert.deepEqual(
      auditLines(scene).map((line) => line['event']),
      ['daemon.started'],
    );
    const answer = await daemon.login('alice', 'secret', {
      query: '?token-expires-in=2',
      headers: { accept: 'application/json' },
    });
    const { token, expirationTimestamp } = JSON.parse(answer.body);
    const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
    assert.equal(claims.exp - claims.iat, 120);
    assert.equal(Date.parse(expirationTimestamp) / 1000, claims.exp);
  });

  it('is served for the command line of pam_hook, and for its environment', async (t) => {
    const scene = await setScene(t);
    const common = [
      '-bind-address',
      '127.0.0.1',
      '-pam-config-dir',
      join(scene.dir, 'pam.d'),
      '-log-format',
      'json',
      '-bind-port',
      '0',
    ];
    const cert = join(scene.dir, 'tls', 'server.crt');
    const key = join(scene.dir, 'tls', 'server.key');
    const flags = [
      '-cert-file',
      cert,
      '-key-file',
      key,
      '-signing-key',
      'a-signing-key-of-at-least-32-bytes!',
      '-pam-service-name',
      'pamhook',
      '-audience',
      'https://a,https://b',
      '-server-name',
      'https://pamhook',
      '-token-expires-in',
      '5',
      '-v',
      '2',
    ];
    const environment = {
      PAMHOOK_TLS_CERT_FILE: cert,
      PAMHOOK_TLS_KEY_FILE: key,
      PAMHOOK_SIGNING_KEY: 'a-signing-key-of-at-least-32-bytes!',
      PAMHOOK_PAM_SERVICE_NAME: 'pamhook',
      PAMHOOK_AUDIENCE: 'https://a,https://b',
      PAMHOOK_SERVERNAME: 'https://pamhook',
      PAMHOOK_TOKEN_EXPIRES_IN: '5',
    };
    for (const [args, env] of [
      [[...common, ...flags], {}],
      [common, environment],
    ] as const) {
      const daemon = await startDaemon(t, { ...scene, flags: args }, [], env);
      const { body: token, status } = await daemon.login('alice', 'secret');
      assert.equal(status, 200);
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
      assert.deepEqual(claims.aud, ['https://a', 'https://b']);
      assert.equal(claims.iss, 'https://pamhook');
      assert.equal(claims.exp - claims.iat, 300);
      assert.equal((await daemon.review(token.trim())).review.status.authenticated, true);
      await daemon.stop();
    }
  });

  it('checks real hashes through pam_unix', async (t) => {
    const { stdout } = await promisify(execFile)('openssl', ['passwd', '-6', 'secret']);
    const service = ['auth required pam_unix.so nodelay', 'account required pam_unix.so'];
    // pam_unix asks for the account of its own process too, when that is not root.
    const self = isRoot ? [] : [`tester:x:${process.getuid?.()}:20001::/:/bin/sh`];
    const scene = await setScene(t, {
      service,
      passwd: [ALICE.replace(':x:', `:${stdout.trim()}:`), ...self],
      group: ALICES_GROUPS,
    });
    const daemon = await startDaemon(t, scene);
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
    assert.equal((await daemon.login('alice', 'wrong')).status, 401);
  });
});
