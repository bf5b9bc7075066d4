import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { newCertificate } from '../keys/certificates.js';
import { isRoot, run, type Scene, setScene, startDaemon } from './daemon-harness.js';

const needsRoot = isRoot ? false : 'needs root';

/** The flags of a scene with some replaced. */
function flags(scene: Scene, replaced: Readonly<Record<string, string>>): string[] {
  const kept = scene.flags.filter(
    (flag, index) => !(flag in replaced) && !((scene.flags[index - 1] ?? '') in replaced),
  );
  return ['serve', ...kept, ...Object.entries(replaced).flat()];
}

interface Fault {
  /** Breaks the scene; what it returns replaces flags. */
  readonly cause: (
    scene: Scene,
    t: TestContext,
  ) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** What the one line must name: the option and what is wrong. */
  readonly says: RegExp;
}

const faults: Record<string, Fault> = {
  'a missing PAM service file': {
    cause: () => ({ '-pam-service-name': 'pamhok' }),
    says: /pam-service-name.*"pamhok"/,
  },
  'a missing PAM service file for account checks': {
    cause: () => ({ '-account-check-service': 'pamhook-revue' }),
    says: /account-check-service.*"pamhook-revue"/,
  },
  'a signing key that others may read': {
    cause: ({ dir }) => {
      chmodSync(join(dir, 'tls', 'signing-key.pem'), 0o644);
      return {};
    },
    says: /signing-key-file.*0644.*chmod 600/,
  },
  'a TLS key that others may read': {
    cause: ({ dir }) => {
      chmodSync(join(dir, 'tls', 'server.key'), 0o604);
      return {};
    },
    says: /key-file.*0604.*chmod 600/,
  },
  'a key that does not belong to the certificate': {
    cause: ({ dir }) => ({ '-key-file': join(dir, 'tls', 'signing-key.pem') }),
    says: /key.*certificate|certificate.*key/,
  },
  'a certificate that is no certificate': {
    cause: ({ dir }) => ({ '-cert-file': join(dir, 'tls', 'server.key') }),
    says: /cert-file|certificate/,
  },
  'a file that is not there': {
    cause: ({ dir }) => ({ '-cert-file': join(dir, 'nothing.crt') }),
    says: /cert-file.*nothing\.crt.*ENOENT/,
  },
  'an address that is not of this machine': {
    cause: () => ({ '-bind-address': '192.0.2.1' }),
    says: /bind-address.*192\.0\.2\.1/,
  },
  'a port that is taken': {
    cause: async (_scene, t) => {
      const server = createServer();
      t.after(() => server.close());
      const port = await new Promise<number>((resolve) =>
        server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
      );
      return { '-bind-port': String(port) };
    },
    says: /bind-port.*taken/,
  },
  'an unknown flag': { cause: () => ({ '-bind-prot': '1' }), says: /bind-prot.*bind-port/ },
  'a bad value': { cause: () => ({ '-pam-timeout': '30' }), says: /pam-timeout/ },
  'an audit log that cannot be written': {
    cause: ({ dir }) => ({ '-audit-log': join(dir, 'nowhere', 'audit.jsonl') }),
    says: /audit-log/,
  },
};

describe('the start', () => {
  for (const [name, { cause, says }] of Object.entries(faults)) {
    it(`ends with 2 and one line at ${name}`, async (t) => {
      const scene = await setScene(t);
      const { code, stderr, stdout } = await run(flags(scene, await cause(scene, t)), scene.env);
      const lines = stderr.split('\n').filter((line) => line.startsWith('pamhook'));
      assert.equal(code, 2, stderr);
      assert.equal(lines.length, 1, stderr);
      assert.match(lines[0] ?? '', says);
      assert.equal(stdout, '');
    });
  }

  it('ends with 2 at an expired certificate, and names the date', async (t) => {
    const scene = await setScene(t);
    const { certificate, key } = await newCertificate({
      notBefore: Date.UTC(2020, 0, 1),
      notAfter: Date.UTC(2020, 1, 2),
    });
    const [cert, keyFile] = [join(scene.dir, 'old.crt'), join(scene.dir, 'old.key')];
    writeFileSync(cert, certificate);
    writeFileSync(keyFile, key, { mode: 0o600 });
    const { code, stderr } = await run(flags(scene, { '-cert-file': cert, '-key-file': keyFile }), scene.env);
    assert.equal(code, 2);
    assert.match(stderr, /expired.*2020-02-02/);
  });

  it('as root ends with 2 at an unknown account, and at one that is root', { skip: needsRoot }, async (t) => {
    const scene = await setScene(t);
    for (const account of ['no-such-account', 'root']) {
      const { code, stderr } = await run(flags(scene, { '-run-as': account }), scene.env);
      assert.equal(code, 2);
      assert.match(stderr, /run-as/);
    }
  });

  it('as root warns when the front runs as nobody, and does not when there is an account pamhook', {
    skip: needsRoot,
  }, async (t) => {
    const scene = await setScene(t);
    const first = await startDaemon(t, scene);
    assert.match(first.stderr(), /runs as nobody/);
    scene.users(['pamhook:x:20500:20500::/:/bin/false', 'alice:x:20001:20001::/:/bin/sh']);
    const second = await startDaemon(t, scene);
    assert.doesNotMatch(second.stderr(), /runs as nobody/);
  });

  it('as an ordinary user warns, and goes on', { skip: isRoot ? 'needs an ordinary user' : false }, async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene);
    assert.match(daemon.stderr(), /not started as root/);
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
  });

  it('leaves nothing behind when it fails', async (t) => {
    const scene = await setScene(t);
    rmSync(join(scene.dir, 'tls', 'server.crt'));
    const before = readdirSync(scene.dir);
    await run(flags(scene, {}), scene.env);
    assert.deepEqual(
      readdirSync(scene.dir).filter((name) => !before.includes(name) && name !== 'audit.jsonl'),
      [],
    );
  });

  it('takes a configuration file, weaker than the environment, weaker than flags', async (t) => {
    const scene = await setScene(t);
    const file = join(scene.dir, 'pamhook.yaml');
    writeFileSync(file, 'token-expires-in: 3\nserver-name: from-file\naudience: [a, b]\n');
    const daemon = await startDaemon(t, scene, ['--config', file, '--audience=c'], {
      PAMHOOK_SERVERNAME: 'from-environment',
    });
    const { body } = await daemon.login('alice', 'secret');
    const claims = JSON.parse(Buffer.from(body.split('.')[1] ?? '', 'base64url').toString());
    assert.equal(claims.iss, 'from-environment');
    assert.equal(claims.aud, 'c');
    assert.equal(claims.exp - claims.iat, 180);
  });

  it('prints its configuration without the key, and with it nothing else happens', async (t) => {
    const scene = await setScene(t);
    const { code, stdout } = await run(
      [
        ...flags(scene, { '-signing-key-file': '' }).filter((flag) => flag !== '-signing-key-file' && flag !== ''),
        '-signing-key',
        'hunter2',
        '--print-config',
      ],
      scene.env,
    );
    assert.equal(code, 0);
    assert.match(stdout, /signing-key: "?\[redacted\]/);
    assert.doesNotMatch(stdout, /hunter2/);
  });

  it('answers --help with every option, and --version', async () => {
    const env = { PATH: process.env['PATH'] };
    const help = await run(['--help'], env);
    assert.equal(help.code, 0);
    for (const option of ['bind-address', 'PAMHOOK_TLS_CERT_FILE', 'signing-key', 'refusal-delay', 'log_backtrace_at'])
      assert.ok(help.stdout.includes(option), option);
    assert.match((await run(['--version'], env)).stdout, /^pamhook \d+\.\d+\.\d+\n$/);
  });

  it('knows its commands and no others', async () => {
    const env = { PATH: process.env['PATH'] };
    const mistyped = await run(['serv'], env);
    assert.equal(mistyped.code, 2);
    assert.match(mistyped.stderr, /^pamhook: unknown command "serv", perhaps serve; the commands are .*\n$/);
    const { code, stderr } = await run(['hunter2', '--listen=:1'], env);
    assert.equal(code, 2);
    assert.match(stderr, /^pamhook: unknown command; the commands are .*\n$/, 'it may be the secret of kubehook');
  });

  it('does not need its working directory, and takes a key with a trailing newline as the same secret', async (t) => {
    const scene = await setScene(t);
    const withNewline = join(scene.dir, 'hmac');
    writeFileSync(withNewline, 'a-signing-key-of-at-least-32-bytes!\n', { mode: 0o600 });
    const without = join(scene.dir, 'hmac-bare');
    writeFileSync(without, 'a-signing-key-of-at-least-32-bytes!', { mode: 0o600 });
    copyFileSync(withNewline, `${withNewline}.copy`);
    const replaced = (file: string) => ({ ...scene, flags: flags(scene, { '-signing-key-file': file }).slice(1) });
    const first = await startDaemon(t, replaced(withNewline));
    const second = await startDaemon(t, replaced(without));
    const { body } = await first.login('alice', 'secret');
    assert.equal((await second.review(body.trim())).review.status.authenticated, true);
  });
});
