/** `pamhook kubeconfig`, called as the command line calls it; what it writes is read by kubectl in kubectl.test.ts. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { parse } from 'yaml';
import { createCertificate } from '../../harness/certificate.js';
import { scratchDirectory } from '../../harness/scratch.js';
import { kubeconfig } from '../kubeconfig/called.js';

const SERVER = 'https://pamhook.example.org:6443';
const BASIC = ['--command', 'pamhook', '--server', SERVER];
const EXTENSION = 'client.authentication.k8s.io/exec';

const TWO_CLUSTERS = `# ours
apiVersion: v1
kind: Config
clusters:
- name: dev   # the small one
  cluster: {server: "https://dev.example:6443"}
- name: prod
  cluster:
    server: https://prod.example:6443
    x-unknown: [1, 2]
contexts:
- name: admin@prod
  context: {cluster: prod, user: admin, namespace: web}
current-context: admin@prod
users:
- name: admin
  user:
    token: not-for-others
`;

/** A home with a kubeconfig in it. */
function home(t: TestContext, text?: string) {
  const HOME = scratchDirectory(t);
  const path = join(HOME, '.kube', 'config');
  if (text !== undefined) {
    mkdirSync(join(HOME, '.kube'));
    writeFileSync(path, text, { mode: 0o640 });
  }
  const read = () => readFileSync(path, 'utf8');
  return { HOME, path, read, call: (...argv: string[]) => kubeconfig({ HOME }, ...argv) };
}

function entry(config: unknown, list: string, name: string): Record<string, unknown> | undefined {
  const entries = (config as Record<string, { name: string }[]>)[list] ?? [];
  return entries.find((each) => each.name === name) as Record<string, unknown> | undefined;
}

function extensionsOf(config: unknown, cluster: string): unknown {
  const { extensions } = (entry(config, 'clusters', cluster)?.['cluster'] ?? {}) as { extensions?: unknown };
  return extensions;
}

describe('pamhook kubeconfig without --cluster', () => {
  it('makes a new kubeconfig for its owner alone, whose user names the server', async (t) => {
    const { HOME, path, read, call } = home(t);
    const { code, stdout, stderr } = await call(...BASIC, '--username', 'alice', '--audience', 'a', '--audience', 'b');
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.equal(stdout, `written: ${path}\ntry it: kubectl --user pamhook get namespaces\n`);
    assert.equal(
      read(),
      `apiVersion: v1
kind: Config
users:
- name: pamhook
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: pamhook
      args:
      - credential
      - --server=${SERVER}
      - --username=alice
      - --audience=a
      - --audience=b
      interactiveMode: IfAvailable
      provideClusterInfo: false
      installHint: "pamhook is not on this machine: it comes with the npm package pamhook"
`,
    );
    assert.equal(statSync(path).mode & 0o7777, 0o600);
    assert.equal(statSync(join(HOME, '.kube')).mode & 0o7777, 0o700);
    assert.deepEqual(readdirSync(join(HOME, '.kube')), ['config']);
  });

  it('changes its own entry, and what a person wrote into that stays', async (t) => {
    const { read, call } = home(t);
    await call(...BASIC);
    const { path } = home(
      t,
      read().replace('      interactiveMode', '      env: [{name: A, value: b}] # mine\n      interactiveMode'),
    );
    const again = await kubeconfig({}, ...BASIC, '--kubeconfig', path, '--lifetime', '90m', '--api-version', 'v1beta1');
    assert.deepEqual([again.code, again.stderr], [0, '']);
    const text = readFileSync(path, 'utf8');
    assert.match(text, /env: \[\{name: A, value: b\}\] # mine\n/);
    assert.match(text, /apiVersion: client\.authentication\.k8s\.io\/v1beta1\n/);
    assert.match(text, /- --lifetime=90m\n/);
  });

  it('fills an entry in which there is nothing yet', async (t) => {
    for (const empty of ['user: {}', 'user:   # nothing yet', '# nothing']) {
      const { read, call } = home(t, `kind: Config\nusers:\n- name: pamhook\n  ${empty}\n`);
      assert.equal((await call(...BASIC)).code, 0);
      const [{ user, ...others }] = parse(read()).users;
      assert.deepEqual([others, user.exec.command], [{ name: 'pamhook' }, 'pamhook']);
    }
  });

  it('takes from the environment what no flag says', async (t) => {
    const { HOME, read } = home(t);
    const variables = {
      HOME,
      PAMHOOK_SERVER: SERVER,
      PAMHOOK_AUDIENCE: 'a, b',
      PAMHOOK_PASSWORD_COMMAND: 'echo hunter2',
    };
    assert.equal((await kubeconfig(variables, '--command', 'pamhook', '--audience', 'c')).code, 0);
    assert.deepEqual(parse(read()).users[0].user.exec.args, ['credential', `--server=${SERVER}`, '--audience=c']);
  });

  it('writes nothing a second time', async (t) => {
    const { path, call } = home(t);
    await call(...BASIC);
    const before = lstatSync(path);
    const { stdout } = await call(...BASIC);
    assert.match(stdout, /^nothing was to be changed\n/);
    assert.equal(lstatSync(path).ino, before.ino);
  });

  it('makes the path of a CA absolute, and refuses a file without certificates', async (t) => {
    const { HOME, read, call } = home(t);
    writeFileSync(join(HOME, 'ca.crt'), (await createCertificate('localhost')).cert);
    writeFileSync(join(HOME, 'empty'), '');
    const relative = join(
      '..',
      ...process
        .cwd()
        .split('/')
        .slice(2)
        .map(() => '..'),
      HOME,
      'ca.crt',
    );
    assert.equal((await call(...BASIC, '--certificate-authority', relative)).code, 0);
    assert.ok(read().includes(`- --certificate-authority=${HOME}/ca.crt\n`));
    const before = read();
    assert.equal((await call(...BASIC, '--certificate-authority', join(HOME, 'empty'))).code, 2);
    assert.equal(read(), before);
  });
});

describe('pamhook kubeconfig --cluster', () => {
  it('tells each cluster where its pamhook is, makes contexts, and keeps everything else as it was', async (t) => {
    const { read, call } = home(t, TWO_CLUSTERS);
    const { code, stdout, stderr } = await call(...BASIC, '--cluster', 'dev', '--cluster', 'prod', '--cache', 'file');
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.match(stdout, /\ntry it: kubectl --context pamhook@dev get namespaces\n$/);
    const config = parse(read());
    for (const name of ['dev', 'prod']) {
      assert.deepEqual(extensionsOf(config, name), [{ name: EXTENSION, extension: { server: SERVER, cache: 'file' } }]);
      assert.deepEqual(entry(config, 'contexts', `pamhook@${name}`)?.['context'], { cluster: name, user: 'pamhook' });
    }
    const user = entry(config, 'users', 'pamhook')?.['user'] as { exec: Record<string, unknown> };
    assert.deepEqual([user.exec['args'], user.exec['provideClusterInfo']], [['credential'], true]);
    assert.equal(config['current-context'], 'admin@prod');
    assert.match(read(), /^# ours\n[\s\S]*- name: dev {3}# the small one\n[\s\S]* x-unknown: \[1, 2\]\n/);
    assert.match(read(), / {2}context: \{cluster: prod, user: admin, namespace: web\}\n/);
  });

  it('serves clusters of two pamhooks with one user, one call for each', async (t) => {
    const { read, call } = home(t, TWO_CLUSTERS);
    await call(...BASIC, '--cluster', 'dev');
    const { code } = await call('--command', 'pamhook', '--server', 'https://other.example', '--cluster', 'prod');
    assert.equal(code, 0);
    const config = parse(read());
    assert.deepEqual(extensionsOf(config, 'dev'), [{ name: EXTENSION, extension: { server: SERVER } }]);
    assert.deepEqual(extensionsOf(config, 'prod'), [
      { name: EXTENSION, extension: { server: 'https://other.example' } },
    ]);
    assert.equal(config.users.length, 2);
  });

  it('changes the user of a context that is named for its cluster, and sets the current one when told', async (t) => {
    const { read, call } = home(t, TWO_CLUSTERS);
    const names = ['--cluster', 'prod', '--context', 'admin@prod', '--cluster', 'dev', '--context', 'dev'];
    assert.equal((await call(...BASIC, ...names, '--user', 'me', '--set-current')).code, 0);
    const config = parse(read());
    const { context } = entry(config, 'contexts', 'admin@prod') ?? {};
    assert.deepEqual(context, { cluster: 'prod', user: 'me', namespace: 'web' });
    assert.equal(config['current-context'], 'admin@prod');
    assert.deepEqual(entry(config, 'contexts', 'dev')?.['context'], { cluster: 'dev', user: 'me' });
  });

  it('takes out of an extension what is given no more', async (t) => {
    const { read, call } = home(t, TWO_CLUSTERS);
    await call(...BASIC, '--cluster', 'dev', '--lifetime', '1h');
    await call(...BASIC, '--cluster', 'dev');
    assert.doesNotMatch(read(), /lifetime/);
  });

  it('embeds the certificates of the CA when told', async (t) => {
    const { HOME, read, call } = home(t, TWO_CLUSTERS);
    const { cert } = await createCertificate('localhost');
    writeFileSync(join(HOME, 'ca.crt'), cert);
    const argv = ['--certificate-authority', join(HOME, 'ca.crt'), '--cluster', 'dev'];
    assert.equal((await call(...BASIC, ...argv, '--embed-certs')).code, 0);
    const embedded = { server: SERVER, 'certificate-authority-data': Buffer.from(cert).toString('base64') };
    assert.deepEqual(extensionsOf(parse(read()), 'dev'), [{ name: EXTENSION, extension: embedded }]);
    assert.equal((await call(...BASIC, ...argv)).code, 0);
    const extension = { server: SERVER, 'certificate-authority': join(HOME, 'ca.crt') };
    assert.deepEqual(extensionsOf(parse(read()), 'dev'), [{ name: EXTENSION, extension }]);
  });
});

describe('pamhook kubeconfig with several files in KUBECONFIG', () => {
  it('changes an entry where it is, puts a new one into the first file that is there, and makes the last where none is', async (t) => {
    const HOME = scratchDirectory(t);
    const [missing, users, clusters, last] = ['missing', 'users', 'clusters', 'last'].map((name) =>
      join(HOME, name),
    ) as [string, string, string, string];
    writeFileSync(users, 'kind: Config\nusers: []\n');
    writeFileSync(clusters, TWO_CLUSTERS);
    const files = { HOME, KUBECONFIG: [missing, users, clusters, users].join(':') };
    assert.equal((await kubeconfig(files, ...BASIC, '--cluster', 'dev', '--set-current')).code, 0);
    assert.deepEqual(readdirSync(HOME).sort(), ['clusters', 'users']);
    assert.equal(readFileSync(clusters, 'utf8').split(EXTENSION).length, 2);
    const made = parse(readFileSync(users, 'utf8'));
    assert.deepEqual(
      [made.users[0].name, made.contexts[0].name, made['current-context']],
      ['pamhook', 'pamhook@dev', 'pamhook@dev'],
    );
    assert.match(readFileSync(clusters, 'utf8'), /^current-context: admin@prod$/m);

    const stdout = await kubeconfig(files, ...BASIC, '--cluster', 'prod', '--stdout');
    assert.deepEqual([stdout.code, stdout.stdout], [2, '']);
    assert.match(stdout.stderr, /several files would change; choose one with --kubeconfig/);

    await kubeconfig({ HOME, KUBECONFIG: [missing, last].join(':') }, ...BASIC);
    assert.deepEqual(readdirSync(HOME).sort(), ['clusters', 'last', 'users']);
  });

  it('changes all files or none', async (t) => {
    const HOME = scratchDirectory(t);
    const [one, two] = [join(HOME, 'one'), join(HOME, 'two', 'config')];
    mkdirSync(join(HOME, 'two'));
    writeFileSync(one, 'kind: Config\nusers: []\n');
    writeFileSync(two, TWO_CLUSTERS);
    // Held by another, longer than is waited for.
    writeFileSync(`${two}.lock`, '');
    const { code, stderr } = await kubeconfig({ HOME, KUBECONFIG: `${one}:${two}` }, ...BASIC, '--cluster', 'dev');
    assert.equal(code, 1);
    assert.match(stderr, /another kubectl or pamhook is at work \(.*config\.lock\)/);
    assert.equal(readFileSync(one, 'utf8'), 'kind: Config\nusers: []\n');
    assert.equal(readFileSync(two, 'utf8'), TWO_CLUSTERS);
    assert.deepEqual(readdirSync(HOME).sort(), ['one', 'two']);
  });
});

describe('the file of pamhook kubeconfig', () => {
  it('keeps its mode, and is replaced behind a symbolic link', async (t) => {
    const { HOME, path, call } = home(t);
    mkdirSync(join(HOME, '.kube'));
    mkdirSync(join(HOME, 'real'));
    writeFileSync(join(HOME, 'real', 'config'), TWO_CLUSTERS);
    chmodSync(join(HOME, 'real', 'config'), 0o644);
    symlinkSync('../real/config', path);
    assert.equal((await call(...BASIC)).code, 0);
    assert.equal(readlinkSync(path), '../real/config');
    assert.equal(statSync(path).mode & 0o7777, 0o644);
    assert.deepEqual(readdirSync(join(HOME, 'real')), ['config']);
    assert.match(readFileSync(path, 'utf8'), /--server=/);
  });

  it('is made where a symbolic link leads to that leads nowhere yet', async (t) => {
    const { HOME, path, call } = home(t);
    mkdirSync(join(HOME, '.kube'));
    symlinkSync(join(HOME, 'later'), path);
    assert.equal((await call(...BASIC)).code, 0);
    assert.match(readFileSync(join(HOME, 'later'), 'utf8'), /--server=/);
  });

  it('is printed and not written with --stdout', async (t) => {
    const { path, read, call } = home(t, TWO_CLUSTERS);
    const { code, stdout } = await call(...BASIC, '--stdout');
    assert.equal(code, 0);
    assert.ok(stdout.startsWith(TWO_CLUSTERS));
    assert.match(stdout, /--server=/);
    assert.equal(read(), TWO_CLUSTERS);
    assert.deepEqual(readdirSync(join(path, '..')), ['config']);
  });

  for (const [what, text] of Object.entries({
    'is no YAML': 'users: [',
    'is about something else': 'services: {web: {image: x}}\n',
    'is of another version': 'apiVersion: v2\nkind: Config\n',
    'is of another kind': 'apiVersion: v1\nkind: List\n',
    'has a list that is none': 'users: {a: b}\n',
    'has an entry without a name': 'users:\n- user: {}\n',
    'has one name twice': 'users:\n- name: a\n- name: a\n',
    'has an entry of the name that logs in another way': 'users:\n- name: pamhook\n  user: {token: secret-token}\n',
    'has several documents': `${TWO_CLUSTERS}---\n${TWO_CLUSTERS}`,
    'has an alias': 'users: []\nx-a: &a {}\nx-b: *a\n',
    'is larger than 1 MiB': `# ${'x'.repeat(1024 * 1024)}\n`,
    'is not UTF-8': Buffer.from([0x23, 0xff, 0x0a]),
  })) {
    it(`is left alone, with exit code 2 and one line, when it ${what}`, async (t) => {
      const { path, call } = home(t, '');
      writeFileSync(path, text);
      const { code, stdout, stderr } = await call(...BASIC);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, /^pamhook kubeconfig: [^\n]+\n$/);
      assert.doesNotMatch(stderr, /secret-token/);
      assert.deepEqual(readFileSync(path), Buffer.from(text));
      assert.deepEqual(readdirSync(join(path, '..')), ['config']);
    });
  }

  it('may be of 1 MiB', async (t) => {
    const text = `kind: Config # ${'x'.repeat(1024 * 1024 - 16)}\n`;
    const { read, call } = home(t, text);
    assert.equal(text.length, 1024 * 1024);
    assert.equal((await call(...BASIC)).code, 0);
    assert.ok(read().startsWith(text));
  });

  it('is left alone when it has a second name, or is no file', async (t) => {
    const { HOME, path, call } = home(t, TWO_CLUSTERS);
    linkSync(path, join(HOME, 'second'));
    assert.match((await call(...BASIC)).stderr, /has 2 names \(hard links\)/);
    assert.match((await call(...BASIC, '--kubeconfig', '/dev/null')).stderr, /\/dev\/null is no regular file/);
    assert.match((await call(...BASIC, '--kubeconfig', HOME)).stderr, /is no regular file/);
  });
});

describe('what pamhook kubeconfig refuses', () => {
  const CA_WITHOUT = ['--certificate-authority', '/nonexistent'];
  for (const [what, argv] of Object.entries({
    'no server': ['--command', 'pamhook'],
    'a server without TLS': ['--command', 'pamhook', '--server', 'http://pamhook.example.org'],
    'a server with a password': ['--command', 'pamhook', '--server', 'https://u:hunter2@pamhook.example.org'],
    'a proxy with a password': [...BASIC, '--proxy-url', 'http://u:hunter2@proxy:3128'],
    'a proxy that is no URL': [...BASIC, '--proxy-url', 'proxy'],
    'a CA that is not there': [...BASIC, ...CA_WITHOUT],
    'an unknown flag': [...BASIC, '--serve'],
    'a word too many': [...BASIC, 'dev'],
    'a flag without its value': [...BASIC, '--user'],
    'a cache that there is not': [...BASIC, '--cache', 'memory'],
    'an API version that there is not': [...BASIC, '--api-version', 'v2'],
    'a lifetime without a unit': [...BASIC, '--lifetime', '90'],
    'another program': [...BASIC, '--command', 'sh'],
    'an empty user': [...BASIC, '--user', ''],
    'a user with a line break': [...BASIC, '--user', 'a\nb'],
    'an unknown cluster': [...BASIC, '--cluster', 'staging'],
    'a cluster twice': [...BASIC, '--cluster', 'dev', '--cluster', 'dev'],
    'a context too few': [...BASIC, '--cluster', 'dev', '--cluster', 'prod', '--context', 'x'],
    'one context for two clusters': [
      ...BASIC,
      '--cluster',
      'dev',
      '--cluster',
      'prod',
      '--context',
      'x',
      '--context',
      'x',
    ],
    'a context without a cluster': [...BASIC, '--context', 'x'],
    'a context of another cluster': [...BASIC, '--cluster', 'dev', '--context', 'admin@prod'],
    'a user that logs in another way': [...BASIC, '--user', 'admin'],
    '--set-current without a cluster': [...BASIC, '--set-current'],
    '--embed-certs without a cluster': [...BASIC, '--embed-certs'],
  })) {
    it(`is ${what}: exit code 2, one line, and no byte changed`, async (t) => {
      const { path, read, call } = home(t, TWO_CLUSTERS);
      const before = lstatSync(path);
      const { code, stdout, stderr } = await call(...argv);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, /^pamhook kubeconfig: [^\n]+\n$/);
      assert.doesNotMatch(stderr, /hunter2/);
      assert.equal(read(), TWO_CLUSTERS);
      assert.deepEqual(readdirSync(join(path, '..')), ['config']);
      assert.equal(lstatSync(path).ino, before.ino);
    });
  }

  it('is to take from other clusters of the user what they have', async (t) => {
    const { read, call } = home(t, TWO_CLUSTERS);
    await call(...BASIC, '--cluster', 'dev');
    const before = read();
    const alone = await call(...BASIC);
    assert.deepEqual([alone.code, read()], [2, before]);
    assert.match(alone.stderr, /user "pamhook" finds the pamhook of cluster "dev" with that cluster/);
    await call(...BASIC, '--user', 'old');
    const old = read().replace(
      '- name: admin@prod\n',
      '- name: old\n  context: {cluster: prod, user: old}\n- name: admin@prod\n',
    );
    const { path } = home(t, old);
    const other = await kubeconfig({}, ...BASIC, '--kubeconfig', path, '--cluster', 'dev', '--user', 'old');
    assert.deepEqual([other.code, readFileSync(path, 'utf8')], [2, old]);
    assert.match(other.stderr, /user "old" serves cluster "prod" too/);
  });

  it('is an extension of another plugin', async (t) => {
    const foreign = `extensions:\n    - name: ${EXTENSION}\n      extension: {audience: theirs}\n    x-unknown`;
    const text = TWO_CLUSTERS.replace('x-unknown', foreign);
    const { read, call } = home(t, text);
    const { code, stderr } = await call(...BASIC, '--cluster', 'prod');
    assert.deepEqual([code, read()], [2, text]);
    assert.match(stderr, /of another plugin/);
  });
});
