/** A person with kubectl and the plugin, at a real API server: every kubectl that the machine has. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { type Daemon, type Ended, MAIN, startDaemon, until } from '../daemon/daemon-harness.js';
import { enterThrowAwayRoot } from '../harness/throw-away-root.js';
import { PLUGIN, withoutTerminal } from '../kubectl/scene.js';
import { atTerminal, type Person } from '../kubectl/terminal.js';
import { addUser, install, PASSWORD, setMachine, sh } from '../pam.d-examples/machine.js';
import { assets, startCluster } from './cluster.js';

const { kubectl } = assets();
enterThrowAwayRoot(import.meta.url);

const PORT = '8443';
const PROMPT = `Password of alice at localhost:${PORT}: `;
const NAMESPACES = /^NAME\s+STATUS\s+AGE\n.*kube-system\s+Active/s;
const NOBODY = /pamhook credential: no token of alice at https:\/\/localhost:8443\/ is kept, and there is no terminal/;

/** Where several lie side by side (kubectl.1.27, ...), all of them. */
function kubectls(): readonly string[] {
  const folder = dirname(realpathSync(kubectl));
  const beside = readdirSync(folder).filter((name) => /^kubectl\.1\.\d+$/.test(name));
  return beside.length === 0 ? [kubectl] : beside.map((name) => join(folder, name));
}

/** One user for all clusters: what is of the cluster stands in its extension. */
function kubeconfig(dir: string, api: string, version: string): string {
  const config = join(dir, `kubeconfig-${version}`);
  const ca = readFileSync(join(dir, 'tls', 'ca.crt')).toString('base64');
  writeFileSync(
    config,
    `apiVersion: v1
kind: Config
current-context: e2e
contexts: [{name: e2e, context: {cluster: e2e, user: unix}}]
clusters:
- name: e2e
  cluster:
    server: https://127.0.0.1:6443
    certificate-authority: ${api}
    extensions:
    - name: client.authentication.k8s.io/exec
      extension:
        server: https://localhost:${PORT}
        certificate-authority-data: ${ca}
users:
- name: unix
  user:
    exec:
      apiVersion: client.authentication.k8s.io/${version}
      command: pamhook
      args: [credential, --username=alice]
      env: [{name: PAMHOOK_CACHE, value: file}]
      interactiveMode: IfAvailable
      provideClusterInfo: true
`,
  );
  return config;
}

describe('a person with kubectl', { timeout: 600_000 }, () => {
  let dir: string;
  let daemon: Daemon;
  let api: string;
  const cleanups: (() => void | Promise<void>)[] = [];
  const home = () => join(dir, 'home');

  before(async () => {
    const t = { after: (cleanup: () => void) => void cleanups.unshift(cleanup) };
    sh('userdel -rf alice || true; groupdel developers || true');
    install('debian', '/etc/pam.d/pamhook');
    addUser('alice', ['developers']);
    const scene = await setMachine(t);
    dir = scene.dir;
    sh(`node ${MAIN} init --dir ${dir}/tls --hostname localhost,127.0.0.1 --port ${PORT} --force`);
    for (const [name, path] of [
      ['pamhook', MAIN],
      ['kubectl-pamhook', PLUGIN],
    ] as const) {
      symlinkSync(path, join('/usr/local/bin', name));
    }
    daemon = await startDaemon(t, scene, ['-bind-port', PORT]);
    const cluster = await startCluster(t, join(dir, 'cluster'), [
      `--authentication-token-webhook-config-file=${join(dir, 'tls', 'webhook.kubeconfig')}`,
      '--authentication-token-webhook-version=v1',
      '--authentication-token-webhook-cache-ttl=1s',
    ]);
    await cluster.letListNamespaces('developers');
    api = cluster.ca;
    mkdirSync(home());
  });

  after(async () => {
    for (const cleanup of cleanups) await cleanup();
  });

  const environment = (config: string): NodeJS.ProcessEnv => ({
    PATH: `/usr/local/bin:${process.env['PATH']}`,
    HOME: home(),
    KUBECONFIG: config,
  });
  const run = (t: TestContext, command: readonly string[], config: string): Promise<Ended> =>
    withoutTerminal(t, command, environment(config));
  const type = (t: TestContext, command: readonly string[], config: string): Person =>
    atTerminal(t, command, { env: environment(config) });
  const forget = (t: TestContext, config: string) => run(t, [kubectl, 'pamhook', 'logout', '--all'], config);

  /** RBAC takes a moment to know of a new binding. */
  async function lists(t: TestContext, command: readonly string[], config: string): Promise<void> {
    await until(async () => !/Forbidden/.test((await run(t, command, config)).stderr));
    const { code, stdout, stderr } = await run(t, command, config);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, NAMESPACES);
  }

  it('logs in, works, is asked again when the token ends, and logs out', async (t) => {
    const config = kubeconfig(dir, api, 'v1');
    const get = [kubectl, 'get', 'namespaces'];
    const before = await run(t, get, config);
    assert.notEqual(before.code, 0);
    assert.match(before.stderr, NOBODY);

    const login = type(t, [kubectl, 'pamhook', 'login'], config);
    await login.sees(PROMPT);
    login.types(`${PASSWORD}\r`);
    const { code, stdout, stderr } = await login.ended;
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^Logged in to https:\/\/localhost:8443\/ as alice until 20/);

    await lists(t, get, config);
    for (let at = 0; at < 10; at++) assert.match((await run(t, get, config)).stdout, NAMESPACES);
    const side = await Promise.all(Array.from({ length: 10 }, () => run(t, get, config)));
    for (const { stdout, stderr } of side) assert.match(stdout, NAMESPACES, stderr);
    assert.match((await run(t, [kubectl, 'pamhook', 'whoami'], config)).stdout, /^username: alice\n/);

    // Reused while it lives another minute.
    const brief = type(t, [kubectl, 'pamhook', 'login', '--lifetime', '62s'], config);
    await brief.sees(PROMPT);
    brief.types(`${PASSWORD}\r`);
    assert.equal((await brief.ended).code, 0);
    await until(async () => (await run(t, get, config)).code !== 0);
    assert.match((await run(t, get, config)).stderr, NOBODY);

    // In a pipe: its standard output is one, its input is none, and the terminal is there all the same.
    const again = type(t, ['bash', '-c', `${get.join(' ')} </dev/null | cat`], config);
    await again.sees(PROMPT);
    again.types(`${PASSWORD}\r`);
    const listed = await again.ended;
    assert.match(listed.stdout, NAMESPACES);
    assert.equal(listed.stderr, '');
    assert.match((await run(t, get, config)).stdout, NAMESPACES);

    const logout = await run(t, [kubectl, 'pamhook', 'logout'], config);
    assert.equal(logout.stdout, 'Forgot the token of alice at https://localhost:8443/\n');
    assert.match((await run(t, get, config)).stderr, NOBODY);
    assert.equal((await daemon.ask('/heartbeat')).status, 200);
  });

  it('is asked once for twenty commands that run side by side', async (t) => {
    const config = kubeconfig(dir, api, 'v1');
    await forget(t, config);
    const script = `for i in $(seq 20); do ${kubectl} get namespaces -o name & done; wait`;
    const twenty = type(t, ['bash', '-c', script], config);
    await twenty.sees(PROMPT);
    twenty.types(`${PASSWORD}\r`);
    const { stdout, stderr, shown } = await twenty.ended;
    assert.equal(shown.split(PROMPT).length, 2);
    assert.equal(stdout.match(/^namespace\/kube-system$/gm)?.length, 20, stderr);
  });

  for (const path of kubectls()) {
    for (const version of ['v1', 'v1beta1']) {
      it(`is asked once by ${path.split('/').at(-1)} with ${version}, and not by the next`, async (t) => {
        const config = kubeconfig(dir, api, version);
        await forget(t, config);
        const get = [path, 'get', 'namespaces'];
        const first = type(t, get, config);
        await first.sees(PROMPT);
        first.types(`${PASSWORD}\r`);
        const { code, stdout, stderr } = await first.ended;
        assert.equal(code, 0, stderr);
        assert.match(stdout, NAMESPACES);
        assert.match((await run(t, get, config)).stdout, NAMESPACES);
      });
    }
  }
});
