/** The image, built and run as docs/docker.md says, beside a machine whose /etc is a copy and whose network is a loopback of its own. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Ended, until } from '../daemon/daemon-harness.js';
import { ROOT } from '../harness/child.js';
import { runArguments } from './compose.js';
import { commandsOf } from './document.js';
import { debianArchive, dockerCommand, enterNamespaces, limits, output, podman, temporary } from './podman.js';

await enterNamespaces(import.meta.url);

const PASSWORD = 'Passw0rd-of-all';
const IMAGES = { debian: 'localhost/pamhook-test/debian', node: 'localhost/pamhook-test/node' };
const URL = 'https://pamhook.example.org:6443';
const CURL = `curl --silent --show-error --cacert /etc/pamhook/ca.crt --resolve pamhook.example.org:6443:127.0.0.1`;

const network = join(temporary('network'), 'net');
const bin = dockerCommand({
  // Without a runtime; a health check is of Docker's format alone; each layer that is kept costs seconds.
  build: ['--isolation=chroot', '--network=host', '--format=docker', '--layers=false', '--quiet'].concat(
    `--build-arg=NODE=${IMAGES.node}`,
    `--build-arg=DEBIAN=${IMAGES.debian}`,
  ),
  // The last one counts.
  run: [...limits(), '--health-interval=disable'],
});

/** A script for bash on the machine. */
function attempt(script: string): Promise<Ended> {
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}` };
  return new Promise((resolve) => {
    const bash = ['-euo', 'pipefail', '-c', script];
    execFile('bash', bash, { cwd: ROOT, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, stdout, stderr });
    });
  });
}

async function sh(script: string): Promise<string> {
  const { code, stdout, stderr } = await attempt(script);
  assert.equal(code, 0, `${script}\n${stdout}${stderr}`);
  return stdout.trim();
}

/** A command at the loopback that stands for the machine's network. */
const there = (command: string): Promise<string> => sh(`nsenter --net=${network} ${command}`);

const status = (user: string, password = PASSWORD): Promise<string> =>
  there(`${CURL} -u '${user}:${password}' -o /dev/null -w '%{http_code}' ${URL}/token`);

async function groupsOf(user: string): Promise<string[]> {
  const token = await there(`${CURL} -u '${user}:${PASSWORD}' ${URL}/token`);
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
  const answer = await there(
    `${CURL} -H 'Content-Type: application/json' -d '${JSON.stringify(review)}' ${URL}/authenticate`,
  );
  return JSON.parse(answer).status.user.groups;
}

const logs = async (name: string): Promise<string> => {
  const { stdout, stderr } = await podman(['logs', name]);
  return stdout + stderr;
};
const isServing = (name: string) => until(async () => (await logs(name)).includes('"message":"serving"'));

/** What the two images that the Dockerfile begins with hold, from packages and the Node of this machine. */
async function makeBases(): Promise<void> {
  await output(['import', debianArchive('debian', ['ca-certificates']), IMAGES.debian]);
  const context = temporary('node');
  const prefix = dirname(dirname(process.execPath));
  const local = join(context, 'usr/local');
  cpSync(process.execPath, join(local, 'bin/node'), { dereference: true });
  cpSync(join(prefix, 'lib/node_modules/npm'), join(local, 'lib/node_modules/npm'), { recursive: true });
  cpSync(join(prefix, 'include/node'), join(local, 'include/node'), { recursive: true });
  cpSync('/etc/ssl/certs', join(context, 'certs'), { recursive: true, dereference: true });
  const registry = execFileSync('npm', ['config', 'get', 'registry'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = [
    `FROM ${IMAGES.debian}`,
    'COPY usr /usr',
    'COPY certs /etc/ssl/certs',
    `ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt npm_config_registry=${registry.trim()}`,
    'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm',
  ];
  writeFileSync(join(context, 'Containerfile'), lines.join('\n'));
  await output(['build', '--quiet', '--isolation=chroot', '--network=host', '--tag', IMAGES.node, context]);
}

/** From here on what is written to /etc is written to a layer that goes with this test; and nobody else is on the network. */
async function makeMachine(): Promise<void> {
  const layer = temporary('etc');
  for (const name of ['upper', 'work']) mkdirSync(join(layer, name));
  await sh(`mount -t overlay overlay -o lowerdir=/etc,upperdir=${layer}/upper,workdir=${layer}/work /etc
    rm -rf /etc/pamhook /etc/pam.d/pamhook; userdel pamhook 2>/dev/null || true
    touch ${network}; unshare --net=${network} ip link set lo up`);
  await addUser('alice');
}

const addUser = (name: string) =>
  sh(`useradd --no-create-home --no-log-init ${name}; echo '${name}:${PASSWORD}' | chpasswd`);

const [build = '', prepare = '', forSssd = '', compose, files = ''] = commandsOf('docker.md');

before(
  async () => {
    await makeBases();
    await sh(build);
    await makeMachine();
    await sh(prepare);
  },
  { timeout: 600_000 },
);
after(() => output(['rm', '--all', '--force', '--time=0']));

describe('the image', () => {
  it('has what a daemon needs, and nothing that builds', async () => {
    const found = await sh(`docker run --rm --entrypoint sh pamhook -c '
      ls /opt/pamhook /opt/pamhook/build/Release; for tool in npm g++ make python3 git curl; do command -v $tool || true; done
      ls -d /opt/pamhook/node_modules/typescript /opt/pamhook/src 2>/dev/null || true'`);
    const expected =
      '/opt/pamhook: LICENSE build dist docker node_modules package.json pam.d-examples /opt/pamhook/build/Release: pamhook.node';
    assert.deepEqual(found.split(/\s+/), expected.split(' '));
  });

  it('stops by SIGTERM and has a health check', async () => {
    const read = async (field: string) =>
      JSON.parse(await output(['image', 'inspect', `--format={{json .${field}}}`, 'pamhook']));
    assert.equal(await read('Config.StopSignal'), 'SIGTERM');
    assert.deepEqual(await read('HealthCheck.Test'), ['CMD', 'node', '/opt/pamhook/docker/heartbeat.js']);
  });
});

describe("a container with the machine's files", () => {
  before(async () => {
    await sh(files.replace('--network host', `--network ns:${network}`));
    await isServing('pamhook');
  });
  after(() => output(['rm', '--force', '--time=0', 'pamhook']));

  it('lets its accounts log in, with a front that is no root', async () => {
    assert.equal(await status('alice', 'wrong'), '401');
    assert.equal(await status('alice'), '200');
    assert.deepEqual(await groupsOf('alice'), ['alice']);
    assert.equal(await sh(`docker top pamhook huser args | awk '/pamhook: front/ { print $1 }'`), 'pamhook');
  });

  it('is healthy when it answers', async () => {
    await output(['healthcheck', 'run', 'pamhook']);
    const elsewhere = ['exec', '--env=PAMHOOK_BIND_PORT=1', 'pamhook', 'node', '/opt/pamhook/docker/heartbeat.js'];
    const { code, stderr } = await podman(elsewhere);
    assert.equal(code, 1);
    assert.match(stderr, /ECONNREFUSED/);
  });

  it('knows at once whom the machine adds; with a mounted file it does not', async () => {
    await sh(`docker run --detach --name file --entrypoint sleep --volume /etc/passwd:/etc/passwd:ro pamhook infinity`);
    assert.equal((await podman(['exec', 'file', 'getent', 'passwd', 'alice'])).code, 0);
    await addUser('bob');
    assert.equal(await status('bob'), '200');
    assert.equal((await podman(['exec', 'file', 'getent', 'passwd', 'bob'])).code, 2);
    await sh('gpasswd --add bob games');
    await until(async () => (await groupsOf('bob')).includes('games'));
  });

  it('has the right to replace a front that hangs', async () => {
    await sh(`kill -STOP "$(docker top pamhook hpid args | awk '/pamhook: front/ { print $1 }')"`);
    await until(async () => (await logs('pamhook')).includes('the front accepts connections again'));
    assert.equal(await status('alice'), '200');
  });

  it('stops when it is told to', async () => {
    await sh('docker stop --time 30 pamhook');
    assert.equal(await output(['inspect', '--format={{.State.ExitCode}}', 'pamhook']), '0\n');
    assert.match(await logs('pamhook'), /"event":"daemon.stopped"/);
  });
});

describe('the container of compose.yaml', () => {
  /** SSSD on the machine, with accounts that the container can have from nobody else. */
  async function startSssd(): Promise<string> {
    const root = temporary('sssd');
    const sockets = temporary('sockets');
    const archive = debianArchive('sssd', ['libpam-modules', 'sssd-common', 'sssd-proxy']);
    await sh(`tar -xf ${archive} -C ${root}; cp -a ${root}/var/lib/sss/. ${sockets}
      chroot ${root} bash -ec 'useradd --no-create-home carol; groupadd team; gpasswd --add carol team
        echo "carol:${PASSWORD}" | chpasswd 2>/dev/null'
      (umask 077; printf '%s\\n' '[sssd]' 'services = nss, pam' 'domains = test' '[domain/test]' 'id_provider = proxy' \\
        'proxy_lib_name = files' 'auth_provider = proxy' 'proxy_pam_target = other' > ${root}/etc/sssd/sssd.conf)`);
    const run = ['run', '--detach', '--name=sssd', '--network=none', ...limits(), `--volume=${sockets}:/var/lib/sss`];
    await output([...run, '--rootfs', root, 'sssd', '--interactive', '--logger=stderr']);
    await until(() => existsSync(join(sockets, 'pipes/private/pam')) && existsSync(join(sockets, 'pipes/nss')));
    return sockets;
  }

  it("lets SSSD's accounts log in", async () => {
    assert.equal(compose, 'docker compose --file docker/compose.yaml up --detach');
    await sh(forSssd);
    const sockets = await startSssd();
    const moved = { '/var/lib/sss/pipes': `${sockets}/pipes`, '/var/lib/sss/mc': `${sockets}/mc` };
    const args = runArguments('pamhook', moved).map((arg) => arg.replace('network=host', `network=ns:${network}`));
    await output(['run', '--detach', '--name=composed', '--health-interval=disable', ...limits(), ...args]);
    await isServing('composed');
    assert.equal(await status('carol'), '200');
    assert.deepEqual(await groupsOf('carol'), ['carol', 'team']);
    assert.equal(await status('alice'), '401');
    await output(['healthcheck', 'run', 'composed']);
    await output(['stop', 'composed']);
    assert.equal(await output(['inspect', '--format={{.State.ExitCode}}', 'composed']), '0\n');
  });
});
