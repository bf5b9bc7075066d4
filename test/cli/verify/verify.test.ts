/** `pamhook verify` as a person runs it: real keys, and users of a test's own by nss_wrapper; nothing is served. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import type { AccountClaims, Algorithm } from '#src/keys/keys.js';
import { importSigningMaterial } from '#src/keys/signer.js';
import { LEEWAY, makeVouchedClaims } from '#src/token/claims.js';
import { MAIN } from '../../daemon/daemon-harness.js';
import { preload } from '../../harness/child.js';
import { compileShared } from '../../harness/compile.js';
import { createAccounts } from '../../harness/nss-fixture.js';
import { scratchDirectory } from '../../harness/scratch.js';
import { es256, es384, type GeneratedKey, hs256, rs256 } from '../../keys/generated-keys.js';

const NOW = () => Math.floor(Date.now() / 1000);

function claimsOf(changes: Partial<Record<keyof AccountClaims, unknown>> = {}): AccountClaims {
  const iat = NOW() - 125;
  return {
    username: 'alice',
    sub: 'alice',
    uid: '20001',
    iat,
    nbf: iat,
    exp: iat + 600,
    jti: 'j-1',
    ...changes,
  } as AccountClaims;
}

function sign(key: GeneratedKey, changes: Partial<Record<keyof AccountClaims, unknown>> = {}): string {
  return importSigningMaterial(key.parsed.signing).sign(claimsOf(changes));
}

function signVouched(): string {
  const common = { issuer: '', audience: [], lifetime: 600, now: Date.now(), jti: 'j-1' };
  const claims = makeVouchedClaims({ ...common, username: 'carol', groups: ['ops'] });
  return importSigningMaterial(es256.parsed.signing).sign(claims);
}

function setUp(t: TestContext, env: NodeJS.ProcessEnv = {}) {
  const accounts = createAccounts(t, {
    users: [{ name: 'alice', uid: 20001, gid: 20001 }],
    groups: [
      { name: 'alice', gid: 20001 },
      { name: 'developers', gid: 20002, members: ['alice'] },
    ],
  });
  const file = (name: string, contents: string | Buffer) => {
    const path = join(accounts.directory, name);
    writeFileSync(path, contents, { mode: 0o600 });
    return path;
  };
  const key = file('signing-key.pem', es256.contents);
  /** `input`: standard input; undefined: nothing there. */
  const run = async (argv: readonly string[], input?: string) => {
    const child = spawn(process.execPath, [MAIN, 'verify', ...argv], {
      env: { PATH: process.env['PATH'], ...accounts.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code, stdout, stderr };
  };
  return { accounts, file, key, run };
}

/** What must never be printed. */
function assertHidden(token: string, printed: string): void {
  const signature = token.split('.')[2] ?? '';
  assert.ok(signature.length > 20);
  assert.ok(!printed.includes(signature) && !printed.includes(token));
  assert.ok(!printed.includes(signature.slice(0, 20)));
}

describe('pamhook verify', () => {
  it('says yes with exit code 0, and shows header, key, claims and the user of the moment', async (t) => {
    const { key, run } = setUp(t);
    const token = sign(es256);
    const { code, stdout, stderr } = await run(['-signing-key-file', key], `${token}\n`);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assertHidden(token, stdout);
    const { kid } = es256.parsed;
    assert.ok(
      stdout.startsWith(
        `header: {"alg":"ES256","typ":"JWT","kid":"${kid}"}\nkey: ${kid}, ES256, ${key}; signed with it\n`,
      ),
    );
    assert.match(stdout, /^claim username: "alice"$/m);
    assert.match(stdout, /^claim iat: \d{10} \(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, 2m\d+s ago\)$/m);
    assert.match(stdout, /^claim exp: \d{10} \(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, in 7m\d+s\)$/m);
    assert.ok(
      stdout.endsWith(`answer: yes
user username: "alice"
user uid: "20001"
user groups: ["alice","developers"]
user extra: {"authentication.kubernetes.io/credential-id":["JTI=j-1"]}
audiences: left out, which kube-apiserver takes as its own
`),
    );
  });

  it('says no with exit code 1, and why, in text and in JSON', async (t) => {
    const { key, run } = setUp(t);
    const token = sign(es256, { exp: NOW() - 5 });
    const plain = await run(['-signing-key-file', key], token);
    assert.equal(plain.code, 1);
    assert.match(plain.stdout, /^claim exp: .*, [5-9]s ago\)$/m);
    assert.match(plain.stdout, /^answer: no: expired: its exp has passed$/m);
    const json = await run(['-signing-key-file', key, '--output', 'json'], token);
    assert.equal(json.code, 1);
    const { answer, reason, signed, key: used } = JSON.parse(json.stdout);
    assert.deepEqual([answer, reason, signed, used.origins], ['no', 'expired', true, [key]]);
    for (const { stdout } of [plain, json]) assertHidden(token, stdout);
  });

  it('says that it could not check with exit code 3', async (t) => {
    const failing = preload(compileShared(scratchDirectory(t), 'failing_nss.c', ['dl']));
    const { key, run } = setUp(t, failing);
    for (const output of ['text', 'json']) {
      const { code, stdout } = await run(
        ['-signing-key-file', key, '--output', output],
        sign(es256, { username: 'eio', sub: 'eio' }),
      );
      assert.equal(code, 3);
      assert.match(stdout, /could not check.*ERR_NSS_FAILED/);
    }
  });

  it('finds the key among files and directories, of every algorithm', async (t) => {
    const { accounts, file, key, run } = setUp(t);
    mkdirSync(join(accounts.directory, 'verification'));
    const paths: Record<Exclude<Algorithm, 'ES256'>, string> = {
      ES384: file('verification/a.pem', es384.parsed.verification.key),
      HS256: file('verification/b.key', hs256.contents),
      RS256: file('rsa.pub', rs256.parsed.verification.key),
    };
    const flags = [
      '-signing-key-file',
      key,
      '-verification-key-files',
      `${paths.RS256},${join(accounts.directory, 'verification')}`,
    ];
    for (const used of [es384, hs256, rs256]) {
      const { code, stdout } = await run(flags, sign(used));
      assert.equal(code, 0);
      const path = paths[used.algorithm as keyof typeof paths];
      assert.ok(stdout.includes(`\nkey: ${used.parsed.kid}, ${used.algorithm}, ${path}; signed with it\n`), stdout);
    }
  });

  it('needs no private key: verification keys alone will do', async (t) => {
    const { file, run } = setUp(t);
    const { code } = await run(['-verification-key-files', file('a.pub', es256.parsed.verification.key)], sign(es256));
    assert.equal(code, 0);
  });

  it('takes the options of the daemon from its configuration file and environment', async (t) => {
    const { file, key, run } = setUp(t, { PAMHOOK_SERVERNAME: 'issuer.example.org' });
    const config = file(
      'pamhook.yaml',
      `signing-key-file: ${key}\naudience: [a]\nbind-port: 6443\ncert-file: /nowhere\n`,
    );
    const good = await run(['-config', config], sign(es256, { iss: 'issuer.example.org', aud: 'a' }));
    assert.equal(good.code, 0);
    const other = await run(['-config', config], sign(es256, { iss: 'other.example.org', aud: 'a' }));
    assert.match(other.stdout, /^answer: no: wrong issuer: its iss is not server-name$/m);
    const none = await run(['-config', config], sign(es256, { iss: 'issuer.example.org' }));
    assert.match(none.stdout, /^answer: no: wrong audience: /m);
  });

  it('judges --audiences as spec.audiences of a review', async (t) => {
    const { key, run } = setUp(t);
    const flags = ['-signing-key-file', key, '-audience', 'a,b'];
    const token = sign(es256, { aud: 'a' });
    assert.match((await run([...flags, '--audiences', 'x,a'], token)).stdout, /^audiences: \["a"\]$/m);
    assert.match((await run([...flags, '--audiences', 'b'], token)).stdout, /^answer: no: wrong audience/m);
  });

  it('holds the policies of a review', async (t) => {
    const { key, run } = setUp(t);
    const flags = [
      '-signing-key-file',
      key,
      '-username-prefix',
      'unix:',
      '-groups-prefix',
      'unix:',
      '-groups-filter',
      'dev*',
    ];
    const { stdout } = await run([...flags, '-allow-groups', 'developers'], sign(es256));
    assert.match(stdout, /^answer: yes\nuser username: "unix:alice"\n[\s\S]*^user groups: \["unix:developers"\]$/m);
    for (const [policy, refusal] of [
      [['-allow-groups', 'wheel'], 'not in allow-groups'],
      [['-min-uid', '30000'], 'uid below min-uid'],
    ] as const) {
      const { code, stdout } = await run([...flags, ...policy], sign(es256));
      assert.equal(code, 1);
      assert.match(stdout, new RegExp(`^answer: no: ${refusal}: `, 'm'));
    }
  });

  it('asks the account phase of PAM with -review-account-check', async (t) => {
    const { accounts, file, key, run } = setUp(t);
    mkdirSync(join(accounts.directory, 'services'));
    const flags = ['-signing-key-file', key, '-pam-config-dir', join(accounts.directory, 'services')];
    for (const [module, code] of [
      ['pam_permit.so', 0],
      ['pam_deny.so', 1],
    ] as const) {
      file('services/pamhook', `auth required pam_deny.so\naccount required ${module}\n`);
      assert.equal((await run(flags, sign(es256))).code, 0);
      const ran = await run([...flags, '-review-account-check'], sign(es256));
      assert.equal(ran.code, code, ran.stderr);
      if (code === 1) assert.match(ran.stdout, /^answer: no: account not allowed: /m);
    }
  });

  it('takes the token as an argument too, which then shows in no process list', async (t) => {
    const { key, run } = setUp(t);
    assert.equal((await run(['-signing-key-file', key, sign(es256)])).code, 0);
    assert.equal((await run(['-', '-signing-key-file', key], sign(es256))).code, 0);
  });

  it('shows claims of a token that is not signed, marked as such', async (t) => {
    const { key, run } = setUp(t);
    const [header = '', , signature = ''] = sign(es256).split('.');
    const payload = Buffer.from(JSON.stringify({ username: 'root\u009b31m\u202e' })).toString('base64url');
    const { code, stdout } = await run(['-signing-key-file', key], `${header}.${payload}.${signature}`);
    assert.equal(code, 1);
    assert.match(stdout, /^key: .*; not signed with it$/m);
    assert.match(stdout, /^claim \(not verified\) username: "root\\u009b31m\\u202e"$/m);
    assert.match(stdout, /^answer: no: bad signature: /m);
  });

  const WRONG: Readonly<Record<string, readonly [() => string, string]>> = {
    'what is no token': [() => 'correct horse battery staple', 'malformed'],
    'a token of 16,385 characters': [() => 'a'.repeat(16_385), 'too long'],
    'a token of another key': [() => sign(es384), 'unknown key'],
    'a token from the future': [() => sign(es256, { nbf: NOW() + LEEWAY + 60 }), 'not yet valid'],
    'a token without jti': [() => sign(es256, { jti: 7 }), 'bad claims'],
    'a token for system:admin': [() => sign(es256, { username: 'system:admin', sub: 'system:admin' }), 'reserved name'],
    'a token for a user who is not there': [() => sign(es256, { username: 'bob', sub: 'bob' }), 'unknown user'],
    'a token for whom a proxy named': [() => signVouched(), 'header not believed'],
    'a token for an earlier alice': [() => sign(es256, { uid: '20009' }), 'another uid'],
  };
  for (const [what, [make, reason]] of Object.entries(WRONG)) {
    it(`says no to ${what}: ${reason}`, async (t) => {
      const { key, run } = setUp(t);
      const token = make();
      const { code, stdout } = await run(['-signing-key-file', key], token);
      assert.equal(code, 1);
      assert.match(stdout, new RegExp(`^answer: no: ${reason}: \\S`, 'm'));
      assert.ok(!stdout.includes(token));
    });
  }

  it('says yes to a token for whom a proxy named where user-header is set, and knows no uid', async (t) => {
    const { key, run } = setUp(t);
    const flags = ['-user-header', 'X-User', '-group-header', 'X-Groups', '-user-header-prefix', 'sso:'];
    const { code, stdout } = await run(['-signing-key-file', key, ...flags], signVouched());
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^claim origin: "header"$/m);
    assert.match(stdout, /^user username: "sso:carol"\nuser groups: \["ops"\]$/m);
  });

  const FAULTS: Readonly<Record<string, readonly [(key: string) => readonly string[], RegExp]>> = {
    'no key': [() => ['TOKEN-TEXT'], /signing-key, signing-key-file or verification-key-files: one of the three/],
    'a key that is not there': [
      () => ['-signing-key-file', '/nonexistent.pem', 'TOKEN-TEXT'],
      /\/nonexistent\.pem: cannot be read \(ENOENT\)/,
    ],
    'two tokens': [(key) => ['-signing-key-file', key, 'TOKEN-TEXT', 'TOKEN-TEXT'], /more than one token is given/],
    'an unknown flag': [
      (key) => ['-signing-key-file', key, '-audiance', 'a', 'TOKEN-TEXT'],
      /unknown flag -audiance: did you mean -audience\?/,
    ],
    'another output': [
      (key) => ['-signing-key-file', key, '--output', 'yaml', 'TOKEN-TEXT'],
      /--output must be one of text, json/,
    ],
    'nothing on standard input': [(key) => ['-signing-key-file', key], /there is no token on standard input/],
    'too many audiences': [
      (key) => ['-signing-key-file', key, '--audiences', 'a,'.repeat(65), 'TOKEN-TEXT'],
      /--audiences must be a comma list of at most 64 items/,
    ],
  };
  for (const [what, [argv, says]] of Object.entries(FAULTS)) {
    it(`ends with 2 and one line at ${what}, without the token`, async (t) => {
      const { key, run } = setUp(t);
      const { code, stdout, stderr } = await run(argv(key));
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
      assert.match(stderr, /^pamhook verify: \P{Cc}+\n$/u);
      assert.match(stderr, says);
      assert.ok(!stderr.includes('TOKEN-TEXT'));
    });
  }

  it('prints its usage within 100 columns, without a key', async (t) => {
    const { run } = setUp(t);
    const { code, stdout } = await run(['--help']);
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: pamhook verify \[TOKEN\|-\] \[flags\]\n/);
    for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line);
  });
});
