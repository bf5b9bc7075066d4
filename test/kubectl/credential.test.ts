/** The credential plugin as kubectl calls it, what it is told, and how soon it answers. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MAIN } from '../daemon/daemon-harness.js';
import { execInfo } from './exec-info.js';
import { PLUGIN, setClient, setGuest, withoutTerminal } from './scene.js';

const V1 = 'client.authentication.k8s.io/v1';

describe('pamhook credential', () => {
  it('asks for the password on the terminal, shows nothing of it, and prints an ExecCredential that is kept', async (t) => {
    const client = await setGuest(t);
    const alice = client.type(['credential', ...client.flags], { env: execInfo() });
    await alice.sees(`Password of alice at localhost:${client.daemon.port}: `);
    alice.types('secret\r');
    const { code, stdout, stderr, shown, echoes } = await alice.ended;
    assert.deepEqual([code, stderr, echoes], [0, '', true]);
    assert.ok(!shown.includes('secret'));
    const { kind, apiVersion, spec, status } = JSON.parse(stdout);
    assert.deepEqual([kind, apiVersion, spec], ['ExecCredential', V1, {}]);
    const { review } = await client.daemon.review(status.token);
    assert.equal(review.status.user?.username, 'alice');
    const claims = JSON.parse(Buffer.from(status.token.split('.')[1], 'base64url').toString());
    assert.equal(Date.parse(status.expirationTimestamp), claims.exp * 1000);

    assert.equal(statSync(client.kept).mode & 0o777, 0o700);
    const [file = ''] = readdirSync(client.kept);
    assert.equal(statSync(join(client.kept, file)).mode & 0o777, 0o600);
    const again = await client.run(['credential', ...client.flags], { env: execInfo() });
    assert.deepEqual([again.code, again.stdout], [0, stdout]);
  });

  it('answers in the version that is asked for, and names one that there is not', async (t) => {
    const client = await setGuest(t);
    const credential = (env: NodeJS.ProcessEnv) =>
      client.run(['credential', ...client.flags, '--password-stdin'], { env, input: 'secret\n' });
    for (const version of [V1, 'client.authentication.k8s.io/v1beta1']) {
      const { stdout } = await credential(execInfo(undefined, version));
      assert.equal(JSON.parse(stdout).apiVersion, version);
    }
    assert.equal(JSON.parse((await credential({})).stdout).apiVersion, V1, 'by hand');
    const old = await credential(execInfo(undefined, 'client.authentication.k8s.io/v1alpha1'));
    assert.deepEqual([old.code, old.stdout], [2, '']);
    assert.match(
      old.stderr,
      /asks for an ExecCredential of client\.authentication\.k8s\.io\/v1alpha1, .* write apiVersion: client\.auth/,
    );
    const garbage = await credential({ KUBERNETES_EXEC_INFO: '{' });
    assert.deepEqual([garbage.code, garbage.stdout], [2, '']);
    assert.match(
      garbage.stderr,
      /^pamhook credential: KUBERNETES_EXEC_INFO holds no ExecCredential; it is for kubectl to set/,
    );
  });

  it('takes server, CA and the rest from the extension of the cluster, so that one user serves many', async (t) => {
    const client = await setClient(t, { daemonFlags: ['-audience', 'one,two', '-token-expires-in', '60'] });
    const ca = readFileSync(join(client.scene.dir, 'tls', 'ca.crt'));
    const config = {
      server: client.server,
      'certificate-authority-data': ca.toString('base64'),
      username: 'alice',
      audience: ['two'],
      lifetime: '7m',
      cache: 'none',
      'something-else': 1,
    };
    // The API server's own are another's.
    const cluster = {
      server: 'https://127.0.0.1:9',
      'certificate-authority-data': 'AAAA',
      'tls-server-name': 'kubernetes',
      'insecure-skip-tls-verify': true,
      config,
    };
    const { stdout, stderr } = await client.run(['credential', '--password-stdin'], {
      env: { ...execInfo(cluster), PAMHOOK_SERVER: 'https://127.0.0.1:9' },
      input: 'secret\n',
    });
    assert.equal(stderr, '');
    const claims = JSON.parse(Buffer.from(JSON.parse(stdout).status.token.split('.')[1], 'base64url').toString());
    assert.deepEqual([claims.aud, claims.exp - claims.iat], ['two', 420]);
    assert.throws(() => readdirSync(client.kept), /ENOENT/);
  });

  it('says what to do where it is not told the server', async (t) => {
    const client = await setGuest(t);
    const credential = (env: NodeJS.ProcessEnv) => client.run(['credential'], { env });
    const without = await credential(execInfo());
    assert.equal(without.code, 2);
    assert.match(without.stderr, /not said where pamhook serves; .*provideClusterInfo: true/);
    assert.match(
      (await credential(execInfo({ server: 'https://api' }))).stderr,
      /or write server into the cluster's extension/,
    );
  });
});

describe('kubectl-pamhook', () => {
  it('has the client commands, their help and the version, under the name by which it is called', async (t) => {
    const env = { PATH: process.env['PATH'] };
    const plugin = (...args: string[]) => withoutTerminal(t, [process.execPath, PLUGIN, ...args], env);
    const { stdout } = await plugin();
    assert.match(stdout, /^Usage: kubectl pamhook COMMAND/);
    for (const name of ['credential', 'login', 'logout', 'whoami', 'token']) {
      assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
      assert.match((await plugin(name, '--help')).stdout, new RegExp(`^Usage: kubectl pamhook ${name} \\[flags\\]\n`));
      const daemon = await withoutTerminal(t, [process.execPath, MAIN, name, '-help'], env);
      assert.match(daemon.stdout, new RegExp(`^Usage: pamhook ${name} \\[flags\\]\n`));
    }
    assert.match((await plugin('--version')).stdout, /^pamhook \d+\.\d+\.\d+\n$/);
    const unknown = await plugin('serve');
    assert.deepEqual([unknown.code, unknown.stdout], [2, '']);
    assert.match(unknown.stderr, /^kubectl pamhook: unknown command "serve"; the commands are credential, login/);
  });
});

/** Prints, at the end, the processor time of the process in ms, and what of Node and of packages it has loaded. */
const REPORT = `data:text/javascript,${encodeURIComponent(`import { writeSync } from 'node:fs';
process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  writeSync(2, JSON.stringify({ cpu: (user + system) / 1000, loaded: process.moduleLoadList, libraries: process.report.getReport().sharedObjects }));
});`)}`;

describe('a kept token', () => {
  it('is printed without what only a login needs, in less than 100 ms of the processor beside Node itself', {
    timeout: 60_000,
  }, async (t) => {
    const client = await setGuest(t);
    await client.run(['login', ...client.flags, '--password-stdin'], { input: 'secret\n' });
    const report = async (args: readonly string[]) => {
      const { code, stderr } = await withoutTerminal(t, [process.execPath, '--import', REPORT, ...args], client.env);
      assert.equal(code, 0, stderr);
      const found: { cpu: number; loaded: readonly string[]; libraries: readonly string[] } = JSON.parse(stderr);
      return found;
    };
    const bare: number[] = [];
    const own: number[] = [];
    for (let at = 0; at < 5; at++) {
      bare.push((await report(['--eval', '0'])).cpu);
      const { cpu, loaded, libraries } = await report([PLUGIN, 'credential', ...client.flags]);
      own.push(cpu);
      for (const module of ['https', 'tls', 'child_process', 'tty'])
        assert.ok(!loaded.includes(`NativeModule ${module}`), module);
      assert.ok(!libraries.some((library) => library.endsWith('.node')));
    }
    const beside = Math.min(...own) - Math.min(...bare);
    assert.ok(beside < 100, `${beside} ms`);
  });
});
