/** deploy/kubernetes: a real kube-apiserver takes it, pamhook has what it names, and runs with no more than it grants. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { parse } from 'yaml';
import {
  childrenOf,
  type Daemon,
  MAIN,
  run,
  type Scene,
  startDaemon,
  titleOf,
  until,
} from '../daemon/daemon-harness.js';
import { ROOT } from '../harness/child.js';
import { type Ending, scratchDirectory } from '../harness/scratch.js';
import { enterThrowAwayRoot } from '../harness/throw-away-root.js';
import { installPackages, signalSssd, startDirectory, startSssd } from '../pam.d-examples/directory.js';
import { addUser, PASSWORD, setMachine, sh } from '../pam.d-examples/machine.js';
import { assets, type Cluster, startCluster } from './cluster.js';
import { build, buildOwn, type Container, find, type Manifest, mounted, podOf } from './manifest.js';

assets();
enterThrowAwayRoot(import.meta.url);

/** Of the whole file: what began last ends first. An after() that is called in before() would be that of the first suite. */
const endings: (() => void | Promise<void>)[] = [];
const wholeFile: Ending = { after: (cleanup) => void endings.unshift(cleanup) };
after(async () => {
  for (const end of endings) await end();
});

const dir = scratchDirectory(wholeFile);
const KEYS = join(dir, 'pamhook-keys');
const DOCS = readFileSync(join(ROOT, 'docs', 'kubernetes-deployment.md'), 'utf8');
/** On a busy machine SSSD may take its directory for one that is away, and otherwise would for a minute. */
const SSSD = {
  domain: ['offline_timeout = 1', 'offline_timeout_random_offset = 0'],
  nss: ['memcache_timeout = 1', 'entry_negative_timeout = 1'],
};
const PROBES = ['startupProbe', 'livenessProbe', 'readinessProbe'] as const;
const COMPONENTS = ['local-accounts', 'client-certificate', 'limits-store', 'metrics'];
const manifests: Readonly<Record<string, Manifest>> = {
  base: build(dir, 'base'),
  'control-plane': build(dir, 'overlays/control-plane'),
  'base with all components': build(dir, 'base', COMPONENTS),
  'control-plane with all components': build(dir, 'overlays/control-plane', COMPONENTS),
};
const rbac = build(dir, 'rbac-examples');
let cluster: Cluster;

/** The commands of the docs, as they stand there. */
function followDocs(block: 'init' | 'secrets'): void {
  const [, section = ''] = /^## The secrets$([\s\S]*?)^## /m.exec(DOCS) ?? [];
  const [init, secrets] = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, script]) => script);
  const env = { ...process.env, PATH: `${dir}/commands:${process.env['PATH']}`, KUBECONFIG: cluster?.kubeconfig };
  const script = (block === 'init' ? init : secrets) ?? assert.fail(`the docs have no commands for ${block}`);
  execFileSync('bash', ['-euc', script], { cwd: dir, env, stdio: ['ignore', 'ignore', 'pipe'] });
}

before(async () => {
  mkdirSync(join(dir, 'commands'));
  symlinkSync(MAIN, join(dir, 'commands', 'pamhook'));
  symlinkSync(assets().kubectl, join(dir, 'commands', 'kubectl'));
  followDocs('init');
  cluster = await startCluster(wholeFile, join(dir, 'cluster'), [
    `--authentication-token-webhook-config-file=${KEYS}/webhook.kubeconfig`,
    '--authentication-token-webhook-version=v1',
    '--authentication-token-webhook-cache-ttl=1s',
  ]);
  followDocs('secrets');
});

/** Nothing but the version of a kind is other than in what an operator applies. */
async function apply(resources: readonly { apiVersion: string }[], ...flags: readonly string[]): Promise<string> {
  const input = resources
    .map((resource) => ({ ...resource, apiVersion: resource.apiVersion.replace(/^policy\/v1$/, 'policy/v1beta1') }))
    .map((resource) => `---\n${JSON.stringify(resource)}\n`)
    .join('');
  const { code, stdout, stderr } = await cluster.kubectl(['apply', ...flags, '-f', '-'], { input });
  assert.deepEqual([code, stderr], [0, ''], stdout);
  return stdout;
}

for (const [name, manifest] of Object.entries(manifests)) {
  describe(`deploy/kubernetes: ${name}`, () => {
    it('is taken by kube-apiserver, without a warning', async () => {
      const answers = (await apply(manifest.resources, '--dry-run=server')).trim().split('\n');
      assert.equal(answers.length, manifest.resources.length);
      // A pod by itself too: of a template, admission sees less.
      const metadata = { name: 'pamhook', namespace: 'kube-system' };
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: podOf(manifest) };
      await apply(manifest.resources.filter(({ kind }) => kind === 'ServiceAccount'));
      assert.match(await apply([pod], '--dry-run=server'), /created/);
    });

    it('gives pamhook options that it has, its ports, and files that are mounted', async () => {
      const { containers, terminationGracePeriodSeconds, initContainers = [] } = podOf(manifest);
      const [container] = containers;
      const printed = await printedConfig(manifest);
      const portOf = (each: string) => container.ports.find(({ name }) => name === each)?.containerPort;
      const name = 'https';
      assert.equal(printed['bind-port'], portOf(name));
      const metrics = printed['metrics-bind-address'];
      assert.equal(metrics, portOf('metrics') === undefined ? undefined : `0.0.0.0:${portOf('metrics')}`);
      assert.equal(find(manifest, /^Service$/).spec.ports[0].targetPort, name);
      for (const [option, value] of Object.entries(printed)) {
        for (const path of [value].flat()) {
          if (typeof path === 'string' && path.startsWith('/'))
            assert.ok(isMounted(manifest, path), `${option} ${path}`);
        }
      }
      for (const kind of PROBES) {
        const { httpGet, timeoutSeconds } = container[kind] ?? assert.fail(kind);
        assert.deepEqual([httpGet.port, httpGet.scheme], [name, 'HTTPS']);
        assert.ok(timeoutSeconds > Number.parseInt(String(printed['identity-timeout']), 10));
      }
      const [, pause] = container.lifecycle.preStop.exec.command;
      const grace = Number.parseInt(String(printed['shutdown-grace-period']), 10);
      assert.ok(Number(pause) + grace < terminationGracePeriodSeconds);
      const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
      for (const { image } of [...containers, ...initContainers]) assert.equal(image, `pamhook:${version}`);
    });

    it('touches no pods but its own', () => {
      for (const { kind, spec } of manifest.resources) {
        if (kind === 'NetworkPolicy')
          assert.deepEqual(spec.podSelector, { matchLabels: { 'app.kubernetes.io/name': 'pamhook' } });
        if (kind === 'Service') assert.deepEqual(spec.selector, { 'app.kubernetes.io/name': 'pamhook' });
        if (kind === 'PodDisruptionBudget')
          assert.deepEqual(spec.selector, { matchLabels: { 'app.kubernetes.io/name': 'pamhook' } });
      }
    });
  });
}

describe('the kustomization in docs/kubernetes-deployment.md', () => {
  it('names an image and options of its own', async () => {
    const [, block = ''] = /```yaml\n([\s\S]*?)```/.exec(DOCS) ?? [];
    const own = parse(block);
    const resources = own.resources.map((path: string) => path.replace(/^pamhook\/deploy\/kubernetes\//, ''));
    const options = readFileSync(join(ROOT, 'deploy/kubernetes/base/pamhook.yaml'), 'utf8');
    const files = { 'pamhook.yaml': `${options}min-uid: 1000\n` };
    const manifest = buildOwn(dir, { ...own, resources }, files);
    const [{ image }] = podOf(manifest).containers;
    assert.match(image, /^registry\.example\.org\/pamhook:/);
    assert.equal((await printedConfig(manifest))['min-uid'], 1000);
  });
});

/** What `--print-config` shows with the manifest's flags, environment and file. */
async function printedConfig(manifest: Manifest): Promise<Record<string, unknown>> {
  const [{ args = [], env = [] }] = podOf(manifest).containers;
  const file = join(dir, 'pamhook.yaml');
  const [{ volumeMounts }] = podOf(manifest).containers;
  const config = volumeMounts.find(({ mountPath }) => mountPath === '/pamhook/config') ?? assert.fail('no config');
  writeFileSync(file, Object(mounted(manifest, config))['pamhook.yaml']);
  const given = args.map((arg) => (arg === '/pamhook/config/pamhook.yaml' ? file : arg));
  const ended = await run([...given, '-print-config'], environment(env));
  assert.deepEqual([ended.code, ended.stderr], [0, '']);
  return parse(ended.stdout);
}

const environment = (env: readonly { name: string; value: string }[]) => ({
  PATH: process.env['PATH'],
  ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
});

/** In a ConfigMap, by its name there; in a Secret, by those that the docs and the options name. */
function isMounted(manifest: Manifest, path: string): boolean {
  const [{ volumeMounts }] = podOf(manifest).containers;
  return volumeMounts.some((mount) => {
    if (mount.mountPath === path) return true;
    const content = mount.mountPath === dirname(path) ? mounted(manifest, mount) : '';
    return typeof content === 'string' ? content !== '' : path.slice(mount.mountPath.length + 1) in content;
  });
}

/** Lays out below `/` what the kubelet would mount there; what lies in the container's own /etc comes with enterPod. */
async function mountVolumes(manifest: Manifest): Promise<void> {
  const [{ volumeMounts }] = podOf(manifest).containers;
  for (const mount of volumeMounts.filter(({ mountPath }) => mountPath.startsWith('/pamhook/'))) {
    const content = mounted(manifest, mount);
    const files = typeof content === 'string' ? await secret(content) : content;
    mkdirSync(mount.mountPath, { recursive: true });
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(mount.mountPath, name), text, { mode: typeof content === 'string' ? 0o400 : 0o644 });
  }
}

async function secret(name: string): Promise<Record<string, string>> {
  const { stdout, stderr } = await cluster.kubectl(['-n', 'kube-system', 'get', 'secret', name, '-o', 'json']);
  const { data = {} } = JSON.parse(stdout || assert.fail(stderr)) as { data?: Record<string, string> };
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}

/** What becomes the command behind it with no more rights than a container is granted. */
function restricted({ securityContext: { capabilities } }: Container): string[] {
  assert.deepEqual(capabilities.drop, ['ALL']);
  const granted = (capabilities.add ?? []).map((name) => `+${name.toLowerCase()}`);
  return ['setpriv', '--no-new-privs', '--inh-caps=-all', `--bounding-set=${['-all', ...granted].join()}`];
}

/** Becomes the command behind it, in a pod's mounts and as its first process, all of it read-only, and with no more rights than the manifest grants. */
function enterPod(manifest: Manifest): string[] {
  const [container] = podOf(manifest).containers;
  writeFileSync(join(dir, 'nsswitch.conf'), Object(mounted(manifest, { name: 'nss', mountPath: '' }))['nsswitch.conf']);
  const ofNode = container.volumeMounts.some(({ mountPath }) => mountPath === '/host/etc');
  const script = `
    ${ofNode ? 'mount --bind /etc /host/etc; mount --bind /container-etc /etc' : 'mount --bind /etc /etc'}
    mount --bind ${dir}/nsswitch.conf /etc/nsswitch.conf
    mount -t proc proc /proc
    for at in / /run ${ofNode ? '/host/etc' : ''} /etc /etc/nsswitch.conf "$TMPDIR"; do mount -o remount,bind,ro "$at"; done
    exec "$@"`;
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
  return ['unshare', ...namespaces, 'bash', '-euc', script, 'bash', ...restricted(container)];
}

/** Of the machine, whose clients trust what the docs have made. */
async function podScene(t: TestContext): Promise<Scene> {
  const scene = await setMachine(t);
  for (const name of ['ca.crt', 'server.crt', 'server.key'])
    copyFileSync(join(KEYS, name), join(scene.dir, 'tls', name));
  return scene;
}

async function startPod(t: TestContext, manifest: Manifest, scene: Scene): Promise<Daemon> {
  await mountVolumes(manifest);
  const [{ args = [], env = [] }] = podOf(manifest).containers;
  const pod = { ...scene, env: environment(env), flags: args.slice(1) };
  return startDaemon(t, pod, [], { TMPDIR: process.env['TMPDIR'] }, { by: enterPod(manifest) });
}

describe('pamhook as the manifests run it', () => {
  it('lets in accounts of the node as they are now, by Unix group, and survives a hung front', {
    timeout: 300_000,
  }, async (t) => {
    const manifest = build(dir, 'overlays/control-plane', ['local-accounts', 'client-certificate', 'metrics']);
    mkdirSync('/host/etc', { recursive: true });
    mkdirSync('/container-etc');
    const [init] = podOf(manifest).initContainers ?? assert.fail('no init container');
    const [command = '', ...args] = [...restricted(init), ...(init.command ?? [])];
    execFileSync(command, args);
    const daemon = await startPod(t, manifest, await podScene(t));
    for (const kind of PROBES) {
      const { path } = podOf(manifest).containers[0][kind]?.httpGet ?? assert.fail(kind);
      await until(async () => (await daemon.ask(path)).status === 200);
    }

    assert.match(await (await fetch('http://127.0.0.1:9187/metrics')).text(), /^pamhook_/m);

    addUser('olivia', ['operators']);
    assert.equal((await cluster.kubectl(['create', 'namespace', 'development'])).code, 0);
    await apply(rbac.resources);
    const { status, body } = await daemon.login('olivia', PASSWORD);
    assert.equal(status, 200, body);
    const token = body.trim();
    const may = async (...args: string[]) => (await cluster.kubectl(args, { token })).code === 0;
    assert.ok(await may('get', 'nodes'), 'as the example of RBAC says');
    assert.ok(!(await may('get', 'secrets')));
    assert.equal(
      (await daemon.ask('/authenticate', { method: 'POST', body: '{}' })).status,
      401,
      'without a certificate',
    );
    assert.equal((await daemon.login('olivia', 'wrong')).status, 401);

    const [supervisor = 0] = childrenOf(daemon.pid);
    const front = childrenOf(supervisor).find((pid) => titleOf(pid) === 'pamhook: front') ?? assert.fail('no front');
    process.kill(front, 'SIGSTOP');
    await daemon.logged('the front accepts connections again');
    sh('userdel -r olivia 2>/dev/null');
    await until(async () => !(await may('get', 'nodes')));
    assert.equal((await daemon.login('olivia', PASSWORD)).status, 401);
    process.kill(supervisor, 'SIGTERM');
    assert.equal((await daemon.exited).code, 0, daemon.stderr());
  });

  it('lets in people of a directory by the SSSD of the node', { timeout: 300_000 }, async (t) => {
    installPackages();
    const scene = await podScene(t);
    const dora = { name: 'dora', uid: 30001, teams: ['operators'] };
    startDirectory(join(scene.dir, 'tls'), [dora], 'staff', 30000, SSSD);
    const isKnown = () => until(() => sh('getent passwd dora || true') !== '');
    await isKnown();
    const daemon = await startPod(t, build(dir, 'overlays/control-plane'), scene);
    let token = '';
    const getsIn = () =>
      until(async () => {
        const { status, body } = await daemon.login('dora', PASSWORD);
        token = body.trim();
        return status === 200;
      });
    await getsIn();
    const { review } = await daemon.review(token);
    assert.deepEqual(review.status.user?.groups.toSorted(), ['operators', 'staff']);
    assert.equal((await daemon.login('dora', 'wrong')).status, 401);
    signalSssd('KILL');
    startSssd();
    await isKnown();
    await getsIn();
  });
});
