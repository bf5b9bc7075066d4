/** The npm package, as `make package` makes it: what is in it, and what it does once installed where there is no compiler. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { type Scene, setScene, startDaemon } from '../daemon/daemon-harness.js';
import { ROOT } from '../harness/child.js';
import { scratchDirectory } from '../harness/scratch.js';
import { commandsWithoutCompiler, execute, nodeHeaders, nodes, STAGE, succeed, tarball } from './installed.js';

/** Of RHEL 9; Debian 12 and Ubuntu 22.04 have newer ones. */
const OLDEST_GLIBC = 34;

const dir = scratchDirectory({ after });
const at = (...names: string[]) => join(dir, ...names);
const installation = at('lib', 'node_modules', 'pamhook');
const pamhook = at('bin', 'pamhook');
const plugin = at('bin', 'kubectl-pamhook');
const prebuildIn = (root: string, arch: string) => join(root, 'prebuilds', `linux-${arch}`, 'pamhook.glibc.node');
/** Those that were compiled: arm64 where `make package` was asked for it. */
const ARCHITECTURES = ['x64', 'arm64'].filter((arch) => existsSync(prebuildIn(STAGE, arch)));
let withoutCompiler: NodeJS.ProcessEnv;

before(async () => {
  withoutCompiler = { ...process.env, PATH: await commandsWithoutCompiler(at('commands')) };
  const install = ['install', '--global', '--prefix', dir, '--prefer-offline', '--no-audit', '--no-fund', tarball()];
  await succeed('npm', install, withoutCompiler);
});

const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const filesOf = (folder: string) =>
  readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));

/** A daemon of the installation, by `node`, answers. */
async function serves(t: TestContext, scene: Scene, main: string, node = process.execPath): Promise<void> {
  // Behind bash's own name come this test's Node, which is left out, and the command line.
  const by = ['bash', '-c', `exec ${node} "\${@:2}"`, 'bash'];
  const daemon = await startDaemon(t, { ...scene, main }, [], { PATH: '/usr/bin:/bin' }, { by });
  assert.equal((await daemon.ask('/heartbeat')).body, 'ok');
  const { status, body } = await daemon.login('alice', 'secret');
  assert.equal(status, 200, body);
  const { review } = await daemon.review(body.trim());
  assert.deepEqual(review.status.user?.groups, ['alice', 'developers']);
  assert.equal((await daemon.stop()).code, 0);
}

const PROGRAMS = [
  ...['cli/main', 'cli/serve', 'kubectl/main', 'kubectl/complete-main'],
  ...['front', 'limits-store', 'metrics', 'worker'].map((name) => `privsep/${name}`),
];

describe('the npm package', () => {
  it('holds what is needed to run it, and to compile the addon elsewhere', async () => {
    const sources = filesOf('src');
    const expected = [
      ...PROGRAMS.map((program) => `dist/${program}.js`),
      'dist/web/page.js',
      ...sources.filter((file) => /^src\/native\/[^/]+\.(cc|h)$/.test(file)),
      ...sources.filter((file) => /^src\/web\/[^/]+\.(css|svg)$/.test(file)).map((file) => file.replace('src', 'dist')),
      ...filesOf('docs').filter((file) => /^docs\/(?:[^/]+\.md|images\/[^/]+\.png)$/.test(file)),
      ...filesOf('deploy'),
      ...filesOf('pam.d-examples'),
      ...['LICENSE', 'README.md', 'binding.gyp', 'npm-shrinkwrap.json', 'package.json'],
      ...ARCHITECTURES.map((arch) => `prebuilds/linux-${arch}/pamhook.glibc.node`),
    ];
    assert.ok(ARCHITECTURES.includes(process.arch));
    const wanted = new Set(expected.map((file) => `package/${file}`));
    const listed = new Set((await succeed('tar', ['-tzf', tarball()])).trim().split('\n'));
    const missing = [...wanted].filter((file) => !listed.has(file));
    const others = [...listed].filter((file) => !wanted.has(file));
    // What several commands load, by a name of the bundler's.
    const superfluous = others.filter((file) => !/^package\/dist\/cli\/[\w-]+-[A-Z0-9]{8}\.js$/.test(file));
    assert.ok(others.length > 0);
    assert.deepEqual({ missing, superfluous }, { missing: [], superfluous: [] });
  });

  it('runs nothing while it is installed, and says which versions of its dependencies', () => {
    const { scripts, gypfile, os, devDependencies } = json(join(installation, 'package.json'));
    assert.deepEqual(Object.keys(scripts), ['build:addon']);
    assert.deepEqual([gypfile, os, devDependencies], [false, undefined, undefined]);
    const tested = json(join(ROOT, 'package-lock.json')).packages;
    const { '': own, ...pinned } = json(join(installation, 'npm-shrinkwrap.json')).packages;
    assert.ok(own.dependencies.express);
    for (const [path, { version, dev, hasInstallScript, optional }] of Object.entries<Record<string, unknown>>(
      pinned,
    )) {
      assert.deepEqual([version, dev, hasInstallScript], [tested[path].version, undefined, undefined], path);
      const manifest = join(installation, path, 'package.json');
      // The keyring's libraries for other systems are left out.
      if (optional !== true || existsSync(manifest)) assert.equal(json(manifest).version, version, path);
    }
    assert.ok(existsSync(join(installation, 'node_modules', '@napi-rs', 'keyring')));
  });

  for (const arch of ARCHITECTURES) {
    it(`has an addon for ${arch} that glibc 2.${OLDEST_GLIBC} can load, without the library of g++`, () => {
      const addon = readFileSync(prebuildIn(installation, arch));
      // e_machine of elf(5): EM_X86_64, EM_AARCH64.
      assert.equal(addon.readUInt16LE(18), arch === 'x64' ? 62 : 183);
      const text = addon.toString('latin1');
      const asked = [...text.matchAll(/\bGLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
      assert.ok(asked.length > 0 && Math.max(...asked) <= OLDEST_GLIBC, `2.${Math.max(...asked)}`);
      assert.doesNotMatch(text, /libstdc\+\+\.so/);
    });
  }
});

describe('installed without a compiler, pamhook', () => {
  it('has its commands', async () => {
    const { version } = json(join(ROOT, 'package.json'));
    assert.equal(await succeed(pamhook, ['--version'], withoutCompiler), `pamhook ${version}\n`);
    assert.match(await succeed(pamhook, ['--help'], withoutCompiler), /^Usage: pamhook/);
    assert.match(await succeed(plugin, ['login', '--help'], withoutCompiler), /^Usage: kubectl pamhook login/);
    const completion = at('bin', 'kubectl_complete-pamhook');
    assert.equal(await succeed(completion, ['login', '--cache='], withoutCompiler), 'keyring\nfile\nnone\n:4\n');
    const kubeconfig = ['kubeconfig', '--server', 'https://localhost', '--kubeconfig', at('kubeconfig'), '--stdout'];
    const found = { ...withoutCompiler, PATH: `${at('bin')}:${withoutCompiler.PATH}` };
    assert.match(await succeed(pamhook, kubeconfig, found), /^ {6}command: pamhook$/m);
    // Where PATH does not lead to it.
    assert.ok((await succeed(pamhook, kubeconfig, withoutCompiler)).includes(`\n      command: ${pamhook}\n`));
    const init = ['init', '--dir', at('made'), '--hostname', 'localhost'];
    assert.match(await succeed(pamhook, init, withoutCompiler), /^Written to /);
    const verify = ['verify', '-signing-key-file', at('made', 'signing-key.pem'), 'no-token'];
    const { code, stdout, stderr } = await execute(pamhook, verify, withoutCompiler);
    assert.equal(code, 1, stdout + stderr);
    assert.match(stdout, /^answer: no: malformed/m);
  });

  for (const node of nodes()) {
    it(`logs people in with ${node.slice(ROOT.length)}, and has a library for their keyring`, async (t) => {
      const scene = await setScene(t);
      const { port } = await startDaemon(t, scene);
      const flags = ['--certificate-authority', join(scene.dir, 'tls', 'ca.crt'), '--username', 'alice'];
      const home = join(scene.dir, 'home');
      const env = { ...withoutCompiler, HOME: home, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' };
      const login = ['login', '--server', `https://localhost:${port}`, ...flags, '--cache', 'keyring'];
      const given = ['--password-command', 'echo secret'];
      const { code, stdout, stderr } = await execute(node, [plugin, ...login, ...given], env);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^Logged in to /);
      assert.match(stderr, /^kubectl pamhook: note: the keyring cannot be used \(.*DBus.*\), so a file is;/);
    });

    it(`serves with ${node.slice(ROOT.length)}`, async (t) => {
      await serves(t, await setScene(t), pamhook, node);
    });
  }
});

describe('where no prebuilt addon fits, pamhook', () => {
  it('has the commands of clients, says in one sentence what serving needs, and serves once that is done', async (t) => {
    const copy = at('elsewhere');
    cpSync(installation, copy, { recursive: true, verbatimSymlinks: true });
    rmSync(join(copy, 'prebuilds'), { recursive: true });
    const main = join(copy, 'dist', 'cli', 'main.js');
    await succeed(main, ['init', '--dir', at('made-elsewhere'), '--hostname', 'localhost'], withoutCompiler);

    const scene = await setScene(t);
    const { code, stderr } = await execute(main, ['serve', ...scene.flags], withoutCompiler);
    assert.equal(code, 2);
    assert.match(stderr, /^pamhook serve: the native addon cannot be loaded: No native build was found[^\n]*\n$/);
    const cure = `npm --prefix ${copy}/ run build:addon`;
    assert.ok(stderr.includes(`\`${cure}\``), stderr);
    await succeed('bash', ['-c', cure], { ...process.env, ...nodeHeaders() });
    await serves(t, scene, main);
  });
});
