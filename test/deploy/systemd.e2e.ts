/** The units under a real systemd, installed as docs/systemd.md says, in a container without a network. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Ended, until } from '../daemon/daemon-harness.js';
import { ROOT } from '../harness/child.js';
import { commandsOf } from './document.js';
import { debianArchive, enterNamespaces, limits, output, podman, restoringCgroups, temporary } from './podman.js';

await enterNamespaces(import.meta.url, restoringCgroups);

const NAME = 'pamhook-systemd';
const PACKAGES = 'ca-certificates curl dbus libpam-modules libpam-oath oathtool procps systemd systemd-sysv'.split(' ');
/** Where `npm install --global` puts things. */
const MODULES = '/usr/local/lib/node_modules';
const UNITS = `${MODULES}/pamhook/deploy/systemd`;

const PASSWORD = 'Passw0rd-of-alice';
const CURL = 'curl --silent --show-error --cacert /etc/pamhook/ca.crt';
const URL = 'https://pamhook.example.org:6443';
const CAPABILITIES = ['DAC_OVERRIDE', 'KILL', 'SETGID', 'SETUID', 'IPC_LOCK'];
/** linux/capability.h */
const NUMBERS: Readonly<Record<string, number>> = {
  DAC_OVERRIDE: 1,
  KILL: 5,
  SETGID: 6,
  SETUID: 7,
  IPC_LOCK: 14,
};

/** A script for bash on the machine that the container plays. */
function attempt(script: string): Promise<Ended> {
  return podman(['exec', '--interactive', NAME, 'bash', '-euo', 'pipefail'], { input: script });
}

async function sh(script: string): Promise<string> {
  const { code, stdout, stderr } = await attempt(script);
  assert.equal(code, 0, `${script}\n${stdout}${stderr}`);
  return stdout.trim();
}

/** The status that `/token` answers alice. */
const login = (password: string, more = ''): Promise<string> =>
  sh(`${CURL} -u 'alice:${password}' ${more} -o /tmp/answer -w '%{http_code}' ${URL}/token`);

const property = (name: string): Promise<string> => sh(`systemctl show --value --property ${name} pamhook`);

async function startMachine(): Promise<void> {
  const root = temporary('root');
  execFileSync('tar', ['-xf', debianArchive('systemd', PACKAGES), '-C', root]);
  const npm = join(dirname(dirname(process.execPath)), 'lib/node_modules/npm');
  const mounts = [`${ROOT}:${MODULES}/pamhook`, `${npm}:${MODULES}/npm`, `${process.execPath}:/usr/local/bin/node`];
  // Its own capabilities, and those that a machine has but a container as a rule has not.
  const capabilities = ['SYS_ADMIN', 'IPC_LOCK', 'AUDIT_WRITE'].map((name) => `--cap-add=${name}`);
  await output([
    ...['run', '--detach', '--name', NAME, '--systemd=always', '--network=none', '--security-opt=seccomp=unconfined'],
    ...['--add-host', 'pamhook.example.org:127.0.0.1', ...capabilities, ...limits()],
    ...mounts.map((mount) => `--volume=${mount}:ro`),
    ...['--rootfs', root, '/lib/systemd/systemd'],
  ]);
  await until(async () => (await attempt('systemctl is-system-running')).stdout.trim() === 'running');
  // As systemd does it by itself where it is not in a container: credentials are mounts that must propagate.
  await sh(`mount --make-rshared /
    ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
    useradd --create-home alice; echo 'alice:${PASSWORD}' | chpasswd`);
}

const [download, install = '', start = '', journal = ''] = commandsOf('systemd.md');

before(
  async () => {
    await startMachine();
    assert.equal(download, 'npm install --global pamhook');
    // The tree is mounted where that would put it.
    await sh(`ln -s ${MODULES}/pamhook/dist/cli/main.js /usr/local/bin/pamhook`);
    await sh(install);
    await sh(start);
  },
  { timeout: 300_000 },
);
after(() => output(['rm', '--force', '--time=0', NAME]));

describe('the units', () => {
  it('are without fault, and expose little', async () => {
    const { code, stdout, stderr } = await attempt(
      `systemd-analyze verify --man=no ${UNITS}/pamhook.service ${UNITS}/pamhook.socket`,
    );
    assert.deepEqual([code, stdout, stderr], [0, '', '']);
    // In tenths.
    await sh(`systemd-analyze security --offline=yes --no-pager --threshold=30 ${UNITS}/pamhook.service`);
  });

  it('leave root what the service needs, and say when it serves', async () => {
    assert.equal(await property('ActiveState'), 'active');
    assert.match(await property('StatusText'), /^serving, ::, port 6443$/);
    const status = await sh(`cat /proc/${await property('MainPID')}/status`);
    const bits = CAPABILITIES.reduce((sum, name) => sum | (1 << (NUMBERS[name] ?? 0)), 0);
    assert.match(status, new RegExp(`^CapBnd:\\s+0*${bits.toString(16)}$`, 'm'));
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    assert.match(status, /^Seccomp:\s+2$/m);
    assert.equal(await sh('ps -o user= -p "$(pgrep -f "^pamhook: front")"'), 'pamhook');
    assert.equal(await property('MemorySwapMax'), '0');
  });

  it('let a local account log in, and a review see it', async () => {
    assert.equal(await login('wrong'), '401');
    assert.equal(await login(PASSWORD), '200');
    const review = await sh(`${CURL} -H 'Content-Type: application/json' ${URL}/authenticate -d '{
      "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": "'"$(cat /tmp/answer)"'"}}'`);
    assert.deepEqual(JSON.parse(review).status.user.groups, ['alice']);
  });

  it('let pam_faillock count', async () => {
    await sh(`install -m 644 ${MODULES}/pamhook/pam.d-examples/faillock /etc/pam.d/pamhook`);
    const failures = () => sh('faillock --dir /run/faillock-pamhook --user alice | grep -c " V$" || true');
    // What another service that may (CAP_CHOWN) makes of the first failure.
    await sh('install -m 600 -o alice /dev/null /run/faillock-pamhook/alice');
    for (const count of ['1', '2']) {
      assert.equal(await login('wrong'), '401');
      assert.equal(await failures(), count);
    }
    assert.equal(await login(PASSWORD), '200');
    assert.equal(await failures(), '0');
    await sh('install -m 644 /etc/pamhook/pamhook.pam /etc/pam.d/pamhook');
  });

  it('let pam_oath replace its file with the drop-in that is told', async () => {
    await sh(`mkdir -p -m 700 /etc/pamhook/totp
      sed 's|/etc/users.oath|/etc/pamhook/totp/users.oath|' ${MODULES}/pamhook/pam.d-examples/totp-oath > /etc/pam.d/pamhook
      (umask 077; echo 'HOTP/T30/6 alice - 3132333435' > /etc/pamhook/totp/users.oath)
      mkdir -p /run/systemd/system/pamhook.service.d
      printf '[Service]\\nReadWritePaths=/etc/pamhook/totp\\n' > /run/systemd/system/pamhook.service.d/totp.conf
      systemctl daemon-reload; systemctl restart pamhook`);
    const code = '-H "X-Pamhook-Response: $(oathtool --totp 3132333435 | tr -d \'\\n\' | base64)"';
    assert.equal(await login(PASSWORD, code), '200');
    assert.match(await sh('cat /etc/pamhook/totp/users.oath'), /alice.*\d{4}-\d\d-\d\dT/);
    await sh(`rm /run/systemd/system/pamhook.service.d/totp.conf
      install -m 644 /etc/pamhook/pamhook.pam /etc/pam.d/pamhook
      systemctl daemon-reload; systemctl restart pamhook`);
  });
});

describe('systemctl', () => {
  it('reloads: the daemon looks at its files, and stays', async () => {
    const pid = await property('MainPID');
    const loaded = () => sh(`${journal} | grep -c '"message":"loaded anew","what":"certificate"' || true`);
    assert.equal(await loaded(), '0');
    await sh('systemctl reload pamhook');
    await until(async () => (await loaded()) === '1' && (await property('ActiveState')) === 'active');
    assert.equal(await property('MainPID'), pid);
    assert.match(await property('StatusText'), /^serving/);
  });

  it('restarts with a new certificate, and no connection is refused', async () => {
    await sh(`systemd-run --quiet --unit=clients bash -c '
      while ${CURL} --max-time 60 -o /dev/null --fail ${URL}/heartbeat; do echo >> /tmp/answered; done; touch /tmp/refused'`);
    const answered = async () => Number(await sh('cat /tmp/answered 2>/dev/null | wc -l'));
    const more = async () => {
      const before = await answered();
      await until(async () => (await answered()) > before + 5 || (await attempt('[ -e /tmp/refused ]')).code === 0);
    };
    const pid = await property('MainPID');
    await more();
    await sh(`pamhook init --dir /tmp/next --hostname pamhook.example.org --port 6443
      cat /tmp/next/ca.crt >> /etc/pamhook/ca.crt
      cp /tmp/next/server.* /etc/pamhook; systemctl restart pamhook`);
    await more();
    assert.notEqual(await property('MainPID'), pid);
    await sh(`[ ! -e /tmp/refused ]; systemctl stop clients
      curl --silent --cacert /tmp/next/ca.crt ${URL}/heartbeat`);
  });
});

describe('what hangs', () => {
  it('is replaced by the daemon itself when it is the front', async () => {
    const pid = await property('MainPID');
    const front = await sh('pgrep -f "^pamhook: front"');
    await sh(`kill -STOP ${front}`);
    await until(async () => !['', front].includes((await attempt('pgrep -f "^pamhook: front"')).stdout.trim()));
    assert.equal(await login(PASSWORD), '200');
    assert.equal(await property('MainPID'), pid);
    assert.equal(await property('NRestarts'), '0');
  });

  it('is restarted by the watchdog when it is the supervisor', async () => {
    await sh(`mkdir -p /run/systemd/system/pamhook.service.d
      printf '[Service]\\nWatchdogSec=8\\n' > /run/systemd/system/pamhook.service.d/watchdog.conf
      systemctl daemon-reload; systemctl restart pamhook`);
    const pid = await property('MainPID');
    await sh(`kill -STOP ${pid}`);
    await until(async () => (await property('NRestarts')) !== '0' && (await property('ActiveState')) === 'active');
    assert.notEqual(await property('MainPID'), pid);
    assert.match(await sh('journalctl --unit pamhook'), /Watchdog timeout/);
    assert.equal(await login(PASSWORD), '200');
  });
});

describe('the journal', () => {
  it('has what happened and no secret', async () => {
    const text = await sh(journal);
    for (const event of ['token.issued', 'token.refused', 'daemon.stopped', 'certificate'])
      assert.ok(text.includes(event), event);
    const [key = ''] = (await sh("sed -n '2p' /etc/pamhook/signing-key.pem")).split('\n');
    const signature = (await sh('cat /tmp/answer')).split('.')[2] ?? '';
    const everything = await sh('journalctl --boot');
    for (const secret of [PASSWORD, key, signature]) {
      assert.ok(secret.length > 10);
      assert.ok(!everything.includes(secret));
    }
  });
});
