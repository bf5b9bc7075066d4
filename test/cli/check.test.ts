/** `pamhook check` as an operator runs it: a healthy set-up, broken ones each with its cure, and logins. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext, test } from 'node:test';
import type { Finding } from '#src/cli/check/finding.js';
import {
  type Ended,
  isRoot,
  MAIN,
  MATRIX_SERVICE,
  run,
  type Scene,
  setScene,
  startDaemon,
  until,
} from '../daemon/daemon-harness.js';
import { pkcs8 } from '../keys/generated-keys.js';
import { type Issued, type IssueOptions, issue } from './chains.js';

const needsRoot = isRoot ? false : 'needs root';
const DAY = 24 * 60 * 60 * 1000;

type Flags = Readonly<Record<string, string>>;

interface Report {
  readonly faults: number;
  readonly warnings: number;
  readonly findings: readonly Finding[];
  readonly login?: Readonly<Record<string, unknown>>;
}

/** The flags of a scene with some replaced; an empty value takes the flag out. */
function flags(scene: Scene, replaced: Flags): string[] {
  const kept = scene.flags.filter(
    (flag, index) => !(flag in replaced) && !((scene.flags[index - 1] ?? '') in replaced),
  );
  return [
    'check',
    ...kept,
    ...Object.entries(replaced)
      .filter(([, value]) => value !== '')
      .flat(),
  ];
}

/** run() with standard input. */
async function runWith(input: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (output.stdout += chunk));
  child.stderr.on('data', (chunk) => (output.stderr += chunk));
  child.stdin.on('error', () => {}).end(input);
  const [code] = await once(child, 'close');
  return { code, ...output };
}

async function report(scene: Scene, replaced: Flags = {}, input?: string): Promise<Report & { code: number | null }> {
  const args = [...flags(scene, replaced), '--output', 'json'];
  const { code, stdout, stderr } = await (input === undefined ? run(args, scene.env) : runWith(input, args, scene.env));
  assert.equal(stderr, '');
  return { code, ...JSON.parse(stdout) };
}

function only(level: Finding['level'], { findings }: Report): Finding[] {
  return findings.filter((finding) => finding.level === level);
}

/** Puts a chain of certificates and the key of its first into the scene. */
function install(scene: Scene, key: Issued, ...chain: readonly Issued[]): void {
  writeFileSync(join(scene.dir, 'tls', 'server.crt'), chain.map(({ cert }) => cert).join(''));
  writeFileSync(join(scene.dir, 'tls', 'server.key'), key.key);
}

/** A certificate under a CA, alone in cert-file. */
async function serveAlone(scene: Scene, options: IssueOptions): Promise<Flags> {
  const leaf = await issue('pamhook', await issue('a CA', undefined, { ca: true }), options);
  install(scene, leaf, leaf);
  return {};
}

async function threeLevels(middle: IssueOptions = {}) {
  const root = await issue('a root', undefined, { ca: true });
  const intermediate = await issue('an intermediate', root, { ca: true, ...middle });
  return { root, intermediate, leaf: await issue('pamhook', intermediate) };
}

interface Broken {
  /** Breaks the scene; what it returns replaces flags. */
  readonly cause: (scene: Scene, t: TestContext) => Flags | Promise<Flags>;
  readonly subject: string;
  readonly says: RegExp;
  readonly cure: RegExp;
  readonly skip?: string | false;
}

const faults: Record<string, Broken> = {
  'an expired certificate': {
    cause: (scene) => serveAlone(scene, { notBefore: Date.UTC(2020, 0, 1), notAfter: Date.UTC(2020, 1, 2) }),
    subject: 'certificate-dates',
    says: /expired on 2020-02-02/,
    cure: /renew/,
  },
  'a certificate that is not yet valid': {
    cause: (scene) => serveAlone(scene, { notBefore: Date.now() + DAY }),
    subject: 'certificate-dates',
    says: /not valid before/,
    cure: /clock/,
  },
  'a certificate without names': {
    cause: (scene) => serveAlone(scene, { names: [] }),
    subject: 'certificate-names',
    says: /names no host/,
    cure: /issue a certificate for all names/,
  },
  'a certificate for another name': {
    cause: () => ({ '--hostname': 'localhost,pamhook.example.org' }),
    subject: 'certificate-names',
    says: /not for pamhook\.example\.org, but for localhost, 127\.0\.0\.1/,
    cure: /issue a certificate for all names/,
  },
  'a certificate for another address': {
    cause: () => ({ '--hostname': '127.0.0.1,192.0.2.7' }),
    subject: 'certificate-names',
    says: /not for 192\.0\.2\.7/,
    cure: /issue a certificate for all names/,
  },
  'a certificate that is not for servers': {
    cause: (scene) => serveAlone(scene, { purposes: ['1.3.6.1.5.5.7.3.2'] }),
    subject: 'certificate',
    says: /not for servers/,
    cure: /server authentication/,
  },
  'a chain out of order': {
    cause: async (scene) => {
      const { root, intermediate, leaf } = await threeLevels();
      install(scene, leaf, leaf, root, intermediate);
      return {};
    },
    subject: 'certificate-chain',
    says: /out of order: certificate 2 of cert-file did not sign certificate 1, "CN=pamhook"; certificate 3 did/,
    cure: /own certificate first/,
  },
  'a chain without its intermediate': {
    cause: async (scene) => {
      const { root, leaf } = await threeLevels();
      install(scene, leaf, leaf, root);
      return {};
    },
    subject: 'certificate-chain',
    says: /an intermediate is missing/,
    cure: /put the certificate of "CN=an intermediate" between them/,
  },
  'an expired intermediate': {
    cause: async (scene) => {
      const { intermediate, leaf } = await threeLevels({ notAfter: Date.now() - 1000 });
      install(scene, leaf, leaf, intermediate);
      return {};
    },
    subject: 'certificate-chain',
    says: /certificate 2, "CN=an intermediate", is valid only from/,
    cure: /replace it/,
  },
  'an intermediate that is no CA': {
    cause: async (scene) => {
      const { intermediate, leaf } = await threeLevels({ ca: false });
      install(scene, leaf, leaf, intermediate);
      return {};
    },
    subject: 'certificate-chain',
    says: /certificate 2, "CN=an intermediate", is no CA/,
    cure: /issue the chain again/,
  },
  'a certificate file that is not there': {
    cause: ({ dir }) => ({ '-cert-file': join(dir, 'nothing.crt') }),
    subject: 'certificate',
    says: /nothing\.crt: cannot be read \(ENOENT\)/,
    cure: /readable file/,
  },
  'a key of another certificate': {
    cause: ({ dir }) => ({ '-key-file': join(dir, 'tls', 'signing-key.pem') }),
    subject: 'tls-key',
    says: /not that of the certificate/,
    cure: /files of one pair/,
  },
  'a TLS key that others may read': {
    cause: ({ dir }) => {
      chmodSync(join(dir, 'tls', 'server.key'), 0o644);
      return {};
    },
    subject: 'tls-key',
    says: /open to others \(mode 0644\)/,
    cure: /^chmod 600 \/.*server\.key$/,
  },
  'a signing key that others may read': {
    cause: ({ dir }) => {
      chmodSync(join(dir, 'tls', 'signing-key.pem'), 0o604);
      return {};
    },
    subject: 'signing-key',
    says: /open to others \(mode 0604\)/,
    cure: /^chmod 600 \/.*signing-key\.pem$/,
  },
  'a signing key that is too weak': {
    cause: ({ dir }) => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
      writeFileSync(join(dir, 'tls', 'signing-key.pem'), pkcs8(privateKey));
      return {};
    },
    subject: 'signing-key',
    says: /an RSA key of 1024 bits/,
    cure: /at least 2048 bits/,
  },
  'an earlier key that is damaged': {
    cause: ({ dir }) => {
      writeFileSync(join(dir, 'old.pem'), '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n');
      return { '-verification-key-files': join(dir, 'old.pem') };
    },
    subject: 'verification-keys',
    says: /old\.pem holds a PEM block "PUBLIC KEY" that cannot be read/,
    cure: /give one PEM key/,
  },
  'a missing PAM service file': {
    cause: () => ({ '-pam-service-name': 'pamhok' }),
    subject: 'pam-service',
    says: /"pamhok"/,
    cure: /create it/,
  },
  'a PAM module that is not installed': {
    cause: (scene) => {
      scene.service(['', 'auth required \\', '  pam_gone.so # there once'], 'included');
      scene.service([...MATRIX_SERVICE, `@include ${join(scene.dir, 'pam.d', 'included')}`]);
      return {};
    },
    subject: 'pam-modules',
    says: /\/pam\.d\/included:2 names pam_gone\.so, which is not there in \/\S+\/security or \/lib\/security/,
    cure: /install the package/,
  },
  'a PAM module that may not be missing, for all its dash': {
    cause: (scene) => {
      scene.service([...MATRIX_SERVICE, '-auth [success=ok default=bad] pam_gone.so']);
      return {};
    },
    subject: 'pam-modules',
    says: /\/pam\.d\/pamhook:3 names pam_gone\.so/,
    cure: /take the line out/,
  },
  'an include that is not there': {
    cause: (scene) => {
      scene.service([...MATRIX_SERVICE, 'account substack nothing']);
      return {};
    },
    subject: 'pam-service',
    says: /\/pam\.d\/pamhook:3 includes "nothing"/,
    cure: /correct that line/,
  },
  'a service file that includes itself': {
    cause: (scene) => {
      const self = `auth include ${join(scene.dir, 'pam.d', 'pamhook')}`;
      scene.service([...MATRIX_SERVICE, self, self]);
      return {};
    },
    subject: 'pam-service',
    says: /includes too deeply, or itself/,
    cure: /correct that line/,
  },
  'a misspelt line in the service file': {
    cause: (scene) => {
      scene.service([...MATRIX_SERVICE, 'auht required pam_deny.so']);
      return {};
    },
    subject: 'pam-service',
    says: /pamhook:3 begins with "auht"/,
    cure: /correct that line/,
  },
  'a control that libpam does not know': {
    cause: (scene) => {
      scene.service([...MATRIX_SERVICE, 'auth [success=ok default=dye] pam_deny.so']);
      return {};
    },
    subject: 'pam-service',
    says: /pamhook:3 has the control/,
    cure: /correct that line/,
  },
  'a service file that everybody may change': {
    cause: ({ dir }) => {
      chmodSync(join(dir, 'pam.d', 'pamhook'), 0o666);
      return {};
    },
    subject: 'pam-service',
    says: /can be changed by everybody/,
    cure: /^chmod o-w \/.*pamhook$/,
  },
  'no account phase': {
    cause: (scene) => {
      scene.service(['auth required MATRIX']);
      return {};
    },
    subject: 'pam-account',
    says: /no account lines.*expired accounts may get in/,
    cure: /add account lines/,
  },
  'an authentication that takes every password': {
    cause: (scene) => {
      scene.service(['auth required pam_permit.so', 'account required MATRIX']);
      return {};
    },
    subject: 'pam-auth',
    says: /only pam_permit\.so: every password is taken for right/,
    cure: /add auth lines/,
  },
  'a port that another program holds': {
    cause: async (_scene, t) => {
      const server = createServer();
      t.after(() => server.close());
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return { '-bind-port': String((server.address() as { port: number }).port) };
    },
    subject: 'port',
    says: new RegExp(`the port is taken, by .*, process ${process.pid}$`),
    cure: /stop what listens there/,
  },
  'a port below 1024 without the right to it': {
    cause: () => ({ '-bind-port': '1' }),
    subject: 'port',
    says: /not allowed/,
    cure: /CAP_NET_BIND_SERVICE/,
    skip: isRoot ? 'needs an ordinary user' : false,
  },
  'an address of another machine': {
    cause: () => ({ '-bind-address': '192.0.2.1' }),
    subject: 'port',
    says: /EADDRNOTAVAIL/,
    cure: /an address of this machine/,
  },
  'an audit log without a directory': {
    cause: ({ dir }) => ({ '-audit-log': join(dir, 'nowhere', 'audit.jsonl') }),
    subject: 'audit-log',
    says: /cannot open .* \(ENOENT\)/,
    cure: /Make its directory first/,
  },
  'an audit log that is a symbolic link': {
    cause: ({ dir }) => {
      symlinkSync(join(dir, 'elsewhere'), join(dir, 'link'));
      return { '-audit-log': join(dir, 'link') };
    },
    subject: 'audit-log',
    says: /ELOOP/,
    cure: /give the file itself/,
  },
  'an audit log that is a directory': {
    cause: ({ dir }) => ({ '-audit-log': dir }),
    subject: 'audit-log',
    says: /is no file/,
    cure: /path of a file/,
  },
  'a configuration file that everybody may change': {
    cause: ({ dir }) => {
      const file = join(dir, 'pamhook.yaml');
      writeFileSync(file, 'token-expires-in: 5\n');
      chmodSync(file, 0o666);
      return { '--config': file };
    },
    subject: 'configuration',
    says: /can be changed by everybody/,
    cure: /chmod go-w/,
  },
  'an account of the front that is root': {
    cause: () => ({ '-run-as': 'root' }),
    subject: 'run-as',
    says: /uid or gid is 0/,
    cure: /unprivileged/,
    skip: needsRoot,
  },
  'an account of the front that is not there': {
    cause: () => ({ '-run-as': 'no-such-account' }),
    subject: 'run-as',
    says: /no account "no-such-account"/,
    cure: /create it/,
    skip: needsRoot,
  },
  'a password for Redis that others may read': {
    cause: ({ dir }) => {
      writeFileSync(join(dir, 'redis-password'), 'hunter2', { mode: 0o644 });
      return { '-limits-store': 'redis://127.0.0.1', '-limits-store-password-file': join(dir, 'redis-password') };
    },
    subject: 'limits-store',
    says: /limits-store-password-file .* is open to others/,
    cure: /chmod 600/,
  },
  'an account for speaking to Redis that is not there': {
    cause: () => ({ '-limits-store': 'redis://127.0.0.1', '-limits-store-run-as': 'no-such-account' }),
    subject: 'limits-store',
    says: /limits-store-run-as: there is no account "no-such-account"/,
    cure: /create it/,
    skip: needsRoot,
  },
  'a certificate for metrics whose key is another': {
    cause: ({ dir }) => ({
      '-metrics-bind-address': '127.0.0.1:0',
      '-metrics-cert-file': join(dir, 'tls', 'server.crt'),
      '-metrics-key-file': join(dir, 'tls', 'signing-key.pem'),
    }),
    subject: 'metrics',
    says: /the key of metrics-key-file is not that of the certificate in metrics-cert-file/,
    cure: /first in metrics-cert-file/,
  },
  'an account for serving metrics that is not there': {
    cause: () => ({ '-metrics-bind-address': '127.0.0.1:0', '-metrics-run-as': 'no-such-account' }),
    subject: 'metrics',
    says: /metrics-run-as: there is no account "no-such-account"/,
    cure: /create it/,
    skip: needsRoot,
  },
  'an address for metrics that is none of this machine': {
    cause: () => ({ '-metrics-bind-address': '192.0.2.1:9187' }),
    subject: 'port',
    says: /metrics-bind-address 192\.0\.2\.1:9187: cannot listen \(EADDRNOTAVAIL\)/,
    cure: /an address of this machine/,
  },
  'a user database that does not know root': {
    cause: ({ dir }) => {
      writeFileSync(join(dir, 'passwd'), 'nobody:x:65534:65534::/:/bin/false\n');
      return {};
    },
    subject: 'user-database',
    says: /does not know root/,
    cure: /nsswitch\.conf/,
  },
};

describe('pamhook check on a set-up with', () => {
  for (const [name, { cause, subject, says, cure, skip = false }] of Object.entries(faults)) {
    it(`${name} ends with 1, and names it and its cure`, { skip }, async (t) => {
      const scene = await setScene(t);
      const { code, ...found } = await report(scene, await cause(scene, t));
      assert.equal(code, 1);
      assert.ok(found.faults > 0 && found.faults === only('fault', found).length);
      for (const finding of only('fault', found)) {
        assert.equal(finding.subject, subject);
        assert.match(finding.says, says);
        assert.match(finding.cure ?? '', cure);
      }
    });
  }
});

const warnings: Record<string, Broken> = {
  'a certificate that ends within 14 days': {
    cause: (scene) => serveAlone(scene, { notAfter: Date.now() + 13 * DAY }),
    subject: 'certificate-dates',
    says: /expires on/,
    cure: /renew/,
  },
  'a self-signed certificate': {
    cause: async (scene) => {
      const own = await issue('pamhook', undefined);
      install(scene, own, own);
      return {};
    },
    subject: 'certificate-chain',
    says: /self-signed, without a CA/,
    cure: /issued by a CA/,
  },
  'a certificate of a published CA without its chain': {
    cause: (scene) => serveAlone(scene, { caIssuers: 'http://ca.example/ca.crt' }),
    subject: 'certificate-chain',
    says: /an intermediate seems to be missing.*"CN=a CA"/,
    cure: /fullchain/,
  },
  'a key that its group may read': {
    cause: ({ dir }) => {
      chmodSync(join(dir, 'tls', 'server.key'), 0o640);
      return {};
    },
    subject: 'tls-key',
    says: /read by its group/,
    cure: /^chmod 600/,
  },
  'a short HMAC secret': {
    cause: ({ dir }) => {
      writeFileSync(join(dir, 'tls', 'signing-key.pem'), 'too short');
      return {};
    },
    subject: 'signing-key',
    says: /shorter than 32 bytes|could sign too/,
    cure: /EC key/,
  },
  nullok: {
    cause: (scene) => {
      scene.service([...MATRIX_SERVICE, 'auth required pam_unix.so nullok']);
      return {};
    },
    subject: 'pam-nullok',
    says: /pamhook:3 has nullok/,
    cure: /take nullok out/,
  },
  'an account phase that only permits': {
    cause: (scene) => {
      scene.service(['auth required MATRIX', 'account required pam_permit.so']);
      return {};
    },
    subject: 'pam-account',
    says: /expired accounts and passwords get in/,
    cure: /add account lines/,
  },
  'a missing module of a phase that pamhook does not run': {
    cause: (scene) => {
      scene.service([...MATRIX_SERVICE, 'session required pam_gone.so']);
      return {};
    },
    subject: 'pam-modules',
    says: /pamhook:3 names pam_gone\.so/,
    cure: /runs no session phase/,
  },
  'a configuration file that its group may change': {
    cause: ({ dir }) => {
      const file = join(dir, 'pamhook.yaml');
      writeFileSync(file, '');
      chmodSync(file, 0o660);
      return { '--config': file };
    },
    subject: 'configuration',
    says: /can be changed by its group/,
    cure: /chmod go-w/,
  },
};

describe('pamhook check on a set-up with', () => {
  for (const [name, { cause, subject, says, cure }] of Object.entries(warnings)) {
    it(`${name} warns of it, and ends with 0`, async (t) => {
      const scene = await setScene(t);
      const { code, ...found } = await report(scene, await cause(scene, t));
      const about = only('warning', found).filter((finding) => finding.subject === subject);
      assert.deepEqual([code, only('fault', found)], [0, []]);
      assert.ok(about.length > 0);
      for (const finding of about) {
        assert.match(finding.says, says);
        assert.match(finding.cure ?? '', cure);
      }
    });
  }
});

test('a healthy set-up ends with 0, is left as it is, and may miss a module where the line says so', async (t) => {
  const scene = await setScene(t);
  scene.service([...MATRIX_SERVICE, '-auth optional pam_gone.so', '-account [success=ok default=ignore] pam_gone.so']);
  appendFileSync(join(scene.dir, 'passwd'), 'pamhook:x:20500:20500::/:/bin/false\n');
  const { code, ...found } = await report(scene, { '--hostname': 'localhost' });
  assert.deepEqual([code, only('fault', found)], [0, []]);
  if (isRoot)
    assert.deepEqual(
      only('warning', found).filter(({ subject }) => subject !== 'swap'),
      [],
    );
  assert.equal(existsSync(join(scene.dir, 'audit.jsonl')), false);
});

test('a whole chain is fine, with the root or without', async (t) => {
  const scene = await setScene(t);
  const { root, intermediate, leaf } = await threeLevels();
  for (const chain of [
    [leaf, intermediate],
    [leaf, intermediate, root],
  ]) {
    install(scene, leaf, ...chain);
    const { findings } = await report(scene);
    assert.deepEqual(
      findings.filter(({ subject }) => subject === 'certificate-chain').map(({ level }) => level),
      ['ok'],
    );
  }
});

test('all that is wrong is found in one run, a line each, faults last', async (t) => {
  const scene = await setScene(t);
  for (const key of ['server.key', 'signing-key.pem']) chmodSync(join(scene.dir, 'tls', key), 0o666);
  scene.service(['auth required pam_gone.so nullok']);
  const args = flags(scene, { '-audit-log': scene.dir, '-bind-address': '192.0.2.1', '--hostname': 'a.example' });
  const { code, stdout, stderr } = await run(args, scene.env);
  assert.deepEqual([code, stderr], [1, '']);
  const lines = stdout.trimEnd().split('\n');
  const marks = lines.slice(0, -2).map((line) => line.slice(0, 6));
  assert.deepEqual(
    marks,
    [...marks].sort((a, b) => '  ok   warn FAULT '.indexOf(a) - '  ok   warn FAULT '.indexOf(b)),
  );
  const subjects = lines.filter((line) => line.startsWith('FAULT ')).map((line) => line.split(/\s+/)[1]);
  const expected = ['certificate-names', 'tls-key', 'signing-key', 'pam-modules', 'pam-account', 'port', 'audit-log'];
  assert.deepEqual(subjects, expected);
  assert.ok(lines.filter((line) => line.startsWith('FAULT ')).every((line) => line.includes('. Cure: ')));
  assert.match(lines.at(-1) ?? '', /^7 faults, \d+ warnings?\.$/);
});

test('beside a running pamhook the port is fine, and its process is named; others than root cannot see which it is', async (t) => {
  const scene = await setScene(t);
  const daemon = await startDaemon(t, scene);
  const { code, findings } = await report(scene, { '-bind-port': String(daemon.port) });
  const port = findings.find(({ subject }) => subject === 'port');
  assert.equal(code, isRoot ? 0 : 1);
  const seen = isRoot ? `held by the running pamhook, process ${daemon.pid}$` : 'by a process that only root can name$';
  assert.match(port?.says ?? '', new RegExp(seen));
});

test('a wrong flag, a wrong option value and wrong flags of check itself end with 2 and one line', async (t) => {
  const scene = await setScene(t);
  for (const wrong of [
    { '-bind-prot': '1' },
    { '-pam-timeout': '30' },
    { '--output': 'xml' },
    { '--hostname': 'a_b' },
    { '--user': 'a\u0000b'.replace('\u0000', 'x'.repeat(600)) },
    { '--password-stdin=true': '--user' },
    { '--password-stdin=maybe': '-v=0' },
    { '-cert-file': '' },
  ]) {
    const { code, stdout, stderr } = await run(flags(scene, wrong as unknown as Flags), scene.env);
    assert.deepEqual([code, stdout], [2, ''], JSON.stringify(wrong));
    assert.match(stderr, /^pamhook check: .+\n$/);
  }
});

test('the signing key given as an option is shown nowhere', async (t) => {
  const scene = await setScene(t);
  const args = flags(scene, { '-signing-key-file': '', '-signing-key': 'hunter2-hunter2' });
  const { code, stdout, stderr } = await run(args, scene.env);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /signing-key +the HMAC secret of signing-key is shorter than 32 bytes/);
  assert.doesNotMatch(stdout + stderr, /hunter2/);
});

test('--help names the flags and the exit codes', async () => {
  const { code, stdout } = await run(['check', '--help'], { PATH: process.env['PATH'] });
  assert.equal(code, 0);
  for (const word of ['--hostname', '--user', '--password-stdin', '--output', 'Exit code'])
    assert.ok(stdout.includes(word));
});

const expiring = [
  'account [success=ignore default=1] pam_succeed_if.so quiet user = alice',
  'account requisite pam_debug.so acct=acct_expired',
];

/** A second file of passwords, so that PAM prompts twice. */
function secondSecret(scene: Scene): void {
  const matrix = readFileSync(join(scene.dir, 'pam.d', 'pamhook'), 'utf8').split('\n')[0] ?? '';
  writeFileSync(join(scene.dir, 'second'), 'alice:123456:pamhook\n');
  scene.service([
    matrix,
    matrix.replace(/passdb=.*/, `passdb=${join(scene.dir, 'second')}`),
    'account required MATRIX',
  ]);
}

const AS_ALICE = { '--user': 'alice', '--password-stdin=true': '-v=0' };

function loginFinding(found: Report): Finding | undefined {
  return found.findings.find(({ subject }) => subject === 'login');
}

describe('pamhook check --user', () => {
  it('shows each stage and the identity of a right password', async (t) => {
    const scene = await setScene(t);
    const { code, ...found } = await report(scene, AS_ALICE, 'secret\n');
    assert.equal(code, 0);
    assert.equal(loginFinding(found)?.level, 'ok');
    const { elapsed, ...login } = found.login ?? {};
    assert.equal(typeof elapsed, 'number');
    assert.deepEqual(login, {
      user: 'alice',
      service: 'pamhook',
      stages: ['start', 'items', 'authenticate', 'account'].map((stage) => ({ stage, code: 'PAM_SUCCESS' })),
      prompts: [{ text: 'Password: ', echo: false, answered: true }],
      messages: [],
      identity: { username: 'alice', uid: '20001', groups: ['alice', 'developers'] },
    });
  });

  it('ends with 1 at a wrong password, and shows it nowhere', async (t) => {
    const scene = await setScene(t);
    const { code, stdout, stderr } = await runWith('hunter2', flags(scene, AS_ALICE), scene.env);
    assert.equal(code, 1);
    assert.match(stdout, /stage +authenticate +PAM_AUTH_ERR/);
    assert.match(stdout, /^FAULT +login +refused .*Cure: /m);
    assert.doesNotMatch(stdout, /review/);
    assert.doesNotMatch(stdout + stderr, /hunter2/);
  });

  it('tells an expired account from a wrong password, with the stage and the code', async (t) => {
    const scene = await setScene(t, { service: ['auth required MATRIX', ...expiring, 'account required MATRIX'] });
    const { code, ...found } = await report(scene, AS_ALICE, 'secret');
    assert.equal(code, 1);
    assert.equal(
      loginFinding(found)?.says,
      'the password is right, but account expired (PAM_ACCT_EXPIRED at stage account)',
    );
    assert.match(loginFinding(found)?.cure ?? '', /chage -E -1 alice/);
  });

  it('says what a module says', async (t) => {
    const scene = await setScene(t);
    scene.service([...MATRIX_SERVICE, 'auth optional pam_echo.so Hello \u202e %u']);
    const { code, stdout } = await runWith('secret\n', flags(scene, AS_ALICE), scene.env);
    assert.equal(code, 0);
    assert.match(stdout, /message +info +"Hello \\u202e alice/);
  });

  it('answers two prompts with two lines', async (t) => {
    const scene = await setScene(t);
    secondSecret(scene);
    const { code, login } = await report(scene, AS_ALICE, 'secret\n123456\n');
    assert.equal(code, 0);
    assert.deepEqual(
      ((login?.['prompts'] ?? []) as { answered: boolean }[]).map(({ answered }) => answered),
      [true, true],
    );
  });

  it('shows the prompt that got no response', async (t) => {
    const scene = await setScene(t);
    secondSecret(scene);
    const { code, stdout } = await runWith('secret\n', flags(scene, AS_ALICE), scene.env);
    assert.equal(code, 1);
    assert.match(stdout, /prompt +answered +"Password: "\n +prompt +unanswered +"Password: "/);
    assert.match(stdout, /^FAULT +login +refused for want of a response: 1 unanswered/m);
  });

  it('tells of a right password of an account that NSS does not know', async (t) => {
    const scene = await setScene(t, { passwords: { ghost: 'secret' } });
    const unknown = await report(scene, { ...AS_ALICE, '--user': 'ghost' }, 'secret\n');
    assert.equal(unknown.code, 1);
    assert.match(loginFinding(unknown)?.says ?? '', /a token is refused to "ghost": unknown user/);
  });

  it('tries no login with a service file that is missing, or that libpam would crash on', async (t) => {
    const scene = await setScene(t);
    const missing = await report(scene, { ...AS_ALICE, '-pam-service-name': 'pamhok' }, 'secret\n');
    const self = `auth include ${join(scene.dir, 'pam.d', 'pamhook')}`;
    scene.service([...MATRIX_SERVICE, self]);
    for (const { code, ...found } of [missing, await report(scene, AS_ALICE, 'secret\n')]) {
      assert.deepEqual([code, loginFinding(found)?.level, found.login], [1, 'fault', undefined]);
      assert.match(loginFinding(found)?.says ?? '', /not tried/);
    }
  });

  it('refuses what pamhook would not ask PAM: no password, one too long, one with a NUL', async (t) => {
    const scene = await setScene(t);
    for (const input of ['\n', `${'x'.repeat(512)}\n`, 'a\0b\n']) {
      const { code, ...found } = await report(scene, AS_ALICE, input);
      assert.equal(code, 1);
      assert.match(loginFinding(found)?.says ?? '', /refused before PAM/);
      assert.equal(found.login, undefined);
    }
  });

  it('ends with 2 when standard input holds nothing, or more than all responses can be', async (t) => {
    const scene = await setScene(t);
    for (const input of ['', 'x'.repeat(40_000)]) {
      const { code, stderr } = await runWith(input, flags(scene, AS_ALICE), scene.env);
      assert.equal(code, 2);
      assert.match(stderr, /^pamhook check: standard input .*\n$/);
    }
  });

  it('ends with 2 where there is no terminal to ask on', async (t) => {
    const scene = await setScene(t);
    const child = spawn('setsid', ['-w', process.execPath, MAIN, ...flags(scene, { '--user': 'alice' })], {
      env: scene.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += chunk));
    const [code] = await once(child, 'close');
    assert.equal(code, 2);
    assert.match(stderr, /no terminal.*--password-stdin/);
  });
});

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** Types what `typing` says when its prompt, the n-th, shows on a terminal of the command's own; resolves to all that the terminal showed. */
async function onTerminal(scene: Scene, replaced: Flags, typing: readonly [prompt: string, keys: string][]) {
  const variables = Object.entries(scene.env).map(([name, value]) => `${name}=${value}`);
  const command = ['env', ...variables, process.execPath, MAIN, ...flags(scene, replaced)].map(quoted).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
  let shown = '';
  child.stdout.on('data', (chunk) => (shown += chunk));
  let from = 0;
  for (const [prompt, keys] of typing) {
    await until(() => shown.includes(prompt, from) || child.exitCode !== null);
    from = shown.indexOf(prompt, from) + prompt.length;
    child.stdin.write(keys);
  }
  const [code] = await once(child, 'close');
  return { code, shown };
}

describe('pamhook check --user on a terminal', () => {
  it('asks for the password without echo, and takes corrections', async (t) => {
    const scene = await setScene(t);
    const { code, shown } = await onTerminal(scene, { '--user': 'alice' }, [
      ['Password of "alice": ', 'junk\u0015secreü\u007ft\r'],
    ]);
    assert.equal(code, 0, shown);
    assert.match(shown, /a review would say alice, uid 20001, groups alice, developers/);
    assert.doesNotMatch(shown, /junk|secre/);
  });

  it('asks what PAM asks further', async (t) => {
    const scene = await setScene(t);
    secondSecret(scene);
    const { code, shown } = await onTerminal(scene, { '--user': 'alice' }, [
      ['Password of "alice": ', 'secret\n'],
      ['Password: ', '123456\n'],
    ]);
    assert.equal(code, 0, shown);
    assert.equal(shown.match(/prompt +answered/g)?.length, 2);
    assert.doesNotMatch(shown, /123456/);
  });

  it('ends with 2 at Ctrl-C', async (t) => {
    const scene = await setScene(t);
    const { code, shown } = await onTerminal(scene, { '--user': 'alice' }, [['Password of "alice": ', '\u0003']]);
    assert.equal(code, 2);
    assert.match(shown, /nothing was entered/);
  });
});
