/** `pamhook init`, called as the command line calls it; its certificates are judged by openssl(1). */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { runCommand } from '#src/cli/command.js';
import { runInit } from '#src/cli/init.js';

const run = promisify(execFile);
const FILES = ['ca.crt', 'pamhook.pam', 'server.crt', 'server.key', 'signing-key.pem', 'webhook.kubeconfig'];
const ALL = [...FILES, 'verification'].sort();
const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;

async function temporaryDirectory(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pamhook-init-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function init(...argv: string[]) {
  let stdout = '';
  let stderr = '';
  const io = {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
  };
  return { code: await runCommand('pamhook init', runInit, argv, io), stdout, stderr };
}

async function made(t: TestContext, hostnames: string): Promise<string> {
  const dir = join(await temporaryDirectory(t), 'keys');
  const { code, stderr } = await init('--dir', dir, '--hostname', hostnames);
  assert.equal(`${code} ${stderr}`, '0 ');
  return dir;
}

/** CA, server certificate, its key and the signing key. */
function readAll(dir: string): Promise<string[]> {
  const names = ['ca.crt', 'server.crt', 'server.key', 'signing-key.pem'];
  return Promise.all(names.map((name) => readFile(join(dir, name), 'utf8')));
}

async function certificate(dir: string, name: string): Promise<X509Certificate> {
  return new X509Certificate(await readFile(join(dir, name)));
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o7777).toString(8);
}

test('init writes its files, the keys for their owner alone', async (t) => {
  const dir = await made(t, 'localhost');
  assert.deepEqual((await readdir(dir)).sort(), ALL);
  const modes = await Promise.all(FILES.map((name) => modeOf(join(dir, name))));
  assert.deepEqual(modes, ['644', '644', '644', '600', '600', '644']);
});

test('init sets the modes of files whatever the umask', async (t) => {
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  const dir = await made(t, 'localhost');
  assert.equal(await modeOf(join(dir, 'ca.crt')), '644');
  assert.equal(await modeOf(join(dir, 'server.key')), '600');
});

test('openssl takes the server certificate under the CA, strictly, as a TLS server', async (t) => {
  const dir = await made(t, 'pamhook.example.org,192.0.2.7,2001:db8::7');
  for (const name of [
    ['-verify_hostname', 'pamhook.example.org'],
    ['-verify_ip', '192.0.2.7'],
    ['-verify_ip', '2001:db8::7'],
  ]) {
    const strict = ['verify', '-x509_strict', '-purpose', 'sslserver', ...name, '-CAfile', 'ca.crt', 'server.crt'];
    assert.match((await run('openssl', strict, { cwd: dir })).stdout, /^server\.crt: OK$/m);
  }
  const other = ['verify', '-verify_hostname', 'other.example.org', '-CAfile', 'ca.crt', 'server.crt'];
  await assert.rejects(run('openssl', other, { cwd: dir }), /hostname mismatch/);
});

test('the certificates carry what strict verifiers ask for', async (t) => {
  const dir = await made(t, 'localhost');
  const text = async (name: string) =>
    (await run('openssl', ['x509', '-noout', '-text', '-in', name], { cwd: dir })).stdout;
  const server = await text('server.crt');
  assert.match(server, /Basic Constraints: critical\s+CA:FALSE/);
  assert.match(server, /Key Usage: critical\s+Digital Signature\n/);
  assert.match(server, /Extended Key Usage: *\s+TLS Web Server Authentication\n/);
  assert.match(server, /Subject Key Identifier/);
  const authority = await text('ca.crt');
  assert.match(authority, /Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
  assert.match(authority, /Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
  const id = /Subject Key Identifier: *\s+([0-9A-F:]+)/.exec(authority)?.[1];
  assert.equal(/Authority Key Identifier: *\s+([0-9A-F:]+)/.exec(server)?.[1], id);
});

test('a serial number is positive, without a leading zero and at most 20 octets', async (t) => {
  const dir = await made(t, 'localhost');
  for (const name of ['ca.crt', 'server.crt']) {
    assert.match((await certificate(dir, name)).serialNumber, /^[4-7][0-9A-F]{31}$/);
  }
});

test('a server certificate lives 397 days and counts for a clock that is a little behind', async (t) => {
  const before = Date.now();
  const server = await certificate(await made(t, 'localhost'), 'server.crt');
  const [from, to] = [Date.parse(server.validFrom), Date.parse(server.validTo)];
  assert.equal(to - from, 397 * DAY);
  assert.ok(from < before - 4 * 60 * 1000 && from > before - HOUR);
});

test('the names are in the certificate, once, in the form X.509 has for them', async (t) => {
  const server = await certificate(await made(t, 'Localhost, localhost,bücher.example,127.0.0.1,::1'), 'server.crt');
  assert.equal(
    server.subjectAltName,
    'DNS:localhost, DNS:xn--bcher-kva.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
  );
});

test('an IPv6 address with a dotted tail is written whole, and once', async (t) => {
  const server = await certificate(await made(t, '::ffff:192.0.2.7,::FFFF:c000:207'), 'server.crt');
  assert.equal(server.subjectAltName, 'IP Address:0:0:0:0:0:FFFF:C000:207');
});

test('the key fits the certificate, and the signing key is another EC P-256 key in PKCS#8', async (t) => {
  const dir = await made(t, 'localhost');
  const [, , key = '', signingKey = ''] = await readAll(dir);
  assert.ok((await certificate(dir, 'server.crt')).checkPrivateKey(createPrivateKey(key)));
  assert.match(signingKey, /^-----BEGIN PRIVATE KEY-----\n/);
  assert.deepEqual(createPrivateKey(signingKey).asymmetricKeyDetails, { namedCurve: 'prime256v1' });
  assert.ok(!(await certificate(dir, 'server.crt')).checkPrivateKey(createPrivateKey(signingKey)));
});

test("no file holds the CA's key", async (t) => {
  const dir = await made(t, 'localhost');
  const authority = (await certificate(dir, 'ca.crt')).publicKey;
  const [, , ...keys] = await readAll(dir);
  assert.ok(keys.every((key) => !createPublicKey(key).equals(authority)));
});

test('curl reaches a server with the certificate by each of its names', async (t) => {
  const dir = await made(t, 'localhost,127.0.0.1');
  const [, cert, key] = await readAll(dir);
  const server = createServer({ cert, key }, (_request, response) => response.end('ok\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  for (const name of ['localhost', '127.0.0.1']) {
    const { stdout } = await run('curl', [
      '-sS',
      '--noproxy',
      '*',
      '--cacert',
      join(dir, 'ca.crt'),
      `https://${name}:${port}/`,
    ]);
    assert.equal(stdout, 'ok\n');
  }
});

test('init prints the line to serve with, quoted for a shell', async (t) => {
  const dir = join(await temporaryDirectory(t), "it's here");
  const { stdout } = await init('-dir', dir, '-hostname=localhost');
  const line = /^ {2}(pamhook serve .*)$/m.exec(stdout)?.[1] ?? '';
  const words = (await run('sh', ['-c', `pamhook() { printf '%s\\n' "$@"; }; ${line}`])).stdout.split('\n');
  assert.deepEqual(words.slice(0, -1), [
    'serve',
    '-cert-file',
    join(dir, 'server.crt'),
    '-key-file',
    join(dir, 'server.key'),
    '-signing-key-file',
    join(dir, 'signing-key.pem'),
    '-verification-key-files',
    join(dir, 'verification'),
  ]);
  assert.match(stdout, /The CA's key was not kept/);
});

for (const name of FILES) {
  test(`init never overwrites ${name}, and then writes nothing`, async (t) => {
    const dir = await temporaryDirectory(t);
    await writeFile(join(dir, name), 'mine');
    const { code, stdout, stderr } = await init('--dir', dir, '--hostname', 'localhost');
    assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
    assert.equal(stderr, `pamhook init: ${join(dir, name)} is there already; --force replaces it\n`);
    assert.deepEqual(await readdir(dir), [name]);
    assert.equal(await readFile(join(dir, name), 'utf8'), 'mine');
  });
}

test('init does not follow a symbolic link out of the directory, not even with --force', async (t) => {
  const dir = await temporaryDirectory(t);
  const outside = join(await temporaryDirectory(t), 'outside');
  await symlink(outside, join(dir, 'server.key'));
  assert.equal((await init('--dir', dir, '--hostname', 'localhost')).code, 2);
  assert.equal((await init('--dir', dir, '--hostname', 'localhost', '--force')).code, 0);
  await assert.rejects(stat(outside), { code: 'ENOENT' });
});

test('two inits at once: one writes all files, the other none', async (t) => {
  const dir = await temporaryDirectory(t);
  const codes = await Promise.all([1, 2].map(async () => (await init('--dir', dir, '--hostname', 'localhost')).code));
  assert.deepEqual(codes.sort(), [0, 2]);
  assert.deepEqual((await readdir(dir)).sort(), ALL);
  const [, , key = ''] = await readAll(dir);
  assert.ok((await certificate(dir, 'server.crt')).checkPrivateKey(createPrivateKey(key)));
});

test('--force replaces all files, with the right modes', async (t) => {
  const dir = await made(t, 'localhost');
  await chmod(join(dir, 'server.key'), 0o644);
  const before = await readAll(dir);
  assert.equal((await init('--dir', dir, '--hostname', 'localhost', '--force')).code, 0);
  const after = await readAll(dir);
  assert.ok(after.every((text, at) => text !== before[at]));
  assert.equal(await modeOf(join(dir, 'server.key')), '600');
  assert.deepEqual((await readdir(dir)).sort(), ALL);
});

test('--force leaves everything alone when one name is a directory', async (t) => {
  const dir = await made(t, 'localhost');
  await rm(join(dir, 'signing-key.pem'));
  await mkdir(join(dir, 'signing-key.pem'));
  const before = await readFile(join(dir, 'ca.crt'), 'utf8');
  const { code, stderr } = await init('--dir', dir, '--hostname', 'localhost', '--force');
  assert.deepEqual([code, stderr], [2, `pamhook init: ${join(dir, 'signing-key.pem')} is a directory\n`]);
  assert.equal(await readFile(join(dir, 'ca.crt'), 'utf8'), before);
  assert.deepEqual((await readdir(dir)).sort(), ALL);
});

/** 192 characters, to which a label is added. */
const LONG_NAME = `${'a'.repeat(63)}.`.repeat(3);
const BAD_HOST_NAMES = {
  'no name': '',
  'an empty name in the list': 'localhost,',
  'an underscore': 'a_b',
  'a wildcard': '*.example.org',
  'a leading hyphen': '-a.example.org',
  'a trailing hyphen': 'a-.example.org',
  'an empty label': 'a..example.org',
  'a label of 64 characters': `${'a'.repeat(64)}.example.org`,
  'a name of more than 253 characters': LONG_NAME + 'a'.repeat(62),
  'a URL': 'https://localhost',
  'a port': 'localhost:6443',
  'a space': 'local host',
  'a NUL': 'local\0host',
  'an address out of range': '10.0.0.256',
  'a shortened address': '127.1',
  'an address with a zone': 'fe80::1%eth0',
  'an address with a mask': '10.0.0.0/8',
  'an invalid international name': 'ü\u0000.example',
  '101 names': Array.from({ length: 101 }, (_, at) => `host${at}`).join(','),
};

for (const [what, hostnames] of Object.entries(BAD_HOST_NAMES)) {
  test(`init refuses ${what} as --hostname in one line, and makes no directory`, async (t) => {
    const parent = await temporaryDirectory(t);
    const { code, stdout, stderr } = await init('--dir', join(parent, 'keys'), '--hostname', hostnames);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
    assert.match(stderr, /^pamhook init: .*--hostname.*\n$/);
    assert.deepEqual(await readdir(parent), []);
  });
}

test('100 names and a name of 253 characters are taken', async (t) => {
  const dir = await made(t, Array.from({ length: 100 }, (_, at) => `host${at}`).join(','));
  assert.equal((await certificate(dir, 'server.crt')).subjectAltName?.split(', ').length, 100);
  await made(t, LONG_NAME + 'a'.repeat(61));
});

for (const [what, argv] of Object.entries({
  'no arguments': [],
  'no --hostname': ['--dir', 'keys'],
  'no --dir': ['--hostname', 'localhost'],
  'an empty --dir': ['--dir', '', '--hostname', 'localhost'],
  'an unknown option': ['--dir', 'keys', '--hostname', 'localhost', '--bits', '2048'],
  'an argument too many': ['--dir', 'keys', '--hostname', 'localhost', 'more'],
})) {
  test(`init refuses ${what} in one line`, async () => {
    const { code, stdout, stderr } = await init(...argv);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
    assert.match(stderr, /^pamhook init: .+\n$/);
  });
}

test('init refuses a directory without a parent, and one that is a file', async (t) => {
  const parent = await temporaryDirectory(t);
  await writeFile(join(parent, 'file'), '');
  const missing = await init('--dir', join(parent, 'a', 'b'), '--hostname', 'localhost');
  assert.deepEqual([missing.code, /make its parent directory first\n$/.test(missing.stderr)], [2, true]);
  const file = await init('--dir', join(parent, 'file'), '--hostname', 'localhost');
  assert.deepEqual([file.code, /is not a directory\n$/.test(file.stderr)], [2, true]);
  assert.deepEqual(await readdir(parent), ['file']);
});

test('a directory whose files cannot be written is not left behind, in one line', async (t) => {
  // Too long a path for the files, not for the directory (PATH_MAX, 4096 with the NUL).
  let parent = await temporaryDirectory(t);
  while (parent.length < 4000) {
    parent = join(parent, 'd'.repeat(Math.min(200, 4090 - parent.length - 1)));
  }
  parent = join(parent, 'd'.repeat(Math.max(1, 4088 - parent.length - 1)));
  await mkdir(parent, { recursive: true });
  const { code, stderr } = await init('--dir', join(parent, 'keys'), '--hostname', 'localhost');
  assert.equal(code, 1);
  assert.match(stderr, /^pamhook init: ENAMETOOLONG.*\n$/);
  assert.deepEqual(await readdir(parent), []);
});

test('init refuses a directory in which everybody may write', async (t) => {
  const dir = await temporaryDirectory(t);
  await chmod(dir, 0o1777);
  const { code, stderr } = await init('--dir', dir, '--hostname', 'localhost');
  assert.equal(code, 2);
  assert.match(stderr, /everybody may write/);
  assert.deepEqual(await readdir(dir), []);
});

test('a path with a line break or an escape sequence cannot forge a second line', async (t) => {
  const dir = join(await temporaryDirectory(t), 'a\nb\u001b[2J', 'keys');
  const { stderr } = await init('--dir', dir, '--hostname', 'localhost');
  assert.match(stderr, /^\P{Cc}+\n$/u);
});

test('init --help prints the usage and writes nothing', async () => {
  const { code, stdout } = await init('--help');
  assert.equal(code, 0);
  assert.match(stdout, /^Usage: pamhook init --dir D --hostname H\[,IP\.\.\.\] \[--port N\] \[--client-cert\]\n/);
  for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line);
});

const kubectl = { skip: spawnSync('kubectl', ['version', '--client']).error === undefined ? false : 'needs kubectl' };

test('kubectl takes the kubeconfig, with the first name, the port and the CA in it', kubectl, async (t) => {
  for (const [hostnames, port, server] of [
    ['pamhook.example.org,192.0.2.7', undefined, 'https://pamhook.example.org:8080/authenticate'],
    ['2001:db8::7,localhost', '6443', 'https://[2001:db8::7]:6443/authenticate'],
  ] as const) {
    const dir = join(await temporaryDirectory(t), 'keys');
    await init('--dir', dir, '--hostname', hostnames, ...(port === undefined ? [] : ['--port', port]));
    const argv = ['config', 'view', '--kubeconfig', join(dir, 'webhook.kubeconfig'), '--raw', '-o', 'json', '--minify'];
    const { clusters } = JSON.parse((await run('kubectl', argv)).stdout);
    const [{ cluster }] = clusters;
    assert.equal(cluster.server, server);
    assert.equal(Buffer.from(cluster['certificate-authority-data'], 'base64').toString(), (await readAll(dir))[0]);
  }
});

test('the kubeconfig is one document with a context that leads to the webhook', async (t) => {
  const dir = await made(t, 'localhost');
  const config = parse(await readFile(join(dir, 'webhook.kubeconfig'), 'utf8'));
  const [{ cluster }] = config.clusters;
  assert.equal(Buffer.from(cluster['certificate-authority-data'], 'base64').toString(), (await readAll(dir))[0]);
  assert.deepEqual(config, {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'pamhook', cluster: { ...cluster, server: 'https://localhost:8080/authenticate' } }],
    users: [{ name: 'kube-apiserver', user: {} }],
    contexts: [{ name: 'pamhook', context: { cluster: 'pamhook', user: 'kube-apiserver' } }],
    'current-context': 'pamhook',
  });
});

test('the PAM service file is the example for Debian', async (t) => {
  const dir = await made(t, 'localhost');
  const example = new URL('../../../pam.d-examples/debian', import.meta.url);
  assert.equal(await readFile(join(dir, 'pamhook.pam'), 'utf8'), await readFile(example, 'utf8'));
});

test('init prints the flags of kube-apiserver, and the port in the line to serve with where it is not the default', async (t) => {
  const dir = join(await temporaryDirectory(t), 'keys');
  const { stdout } = await init('--dir', dir, '--hostname', 'localhost', '--port', '6443');
  assert.match(stdout, /^ {2}pamhook serve -bind-port 6443 -cert-file /m);
  assert.ok(stdout.includes(`  --authentication-token-webhook-config-file=${join(dir, 'webhook.kubeconfig')}\n`));
  assert.ok(
    stdout.includes('  --authentication-token-webhook-version=v1\n  --authentication-token-webhook-cache-ttl=2m\n'),
  );
  assert.ok(stdout.includes(`  install -m 644 ${join(dir, 'pamhook.pam')} /etc/pam.d/pamhook\n`));
});

for (const port of ['0', '65536', '08080', 'https', '-1', '']) {
  test(`init refuses the port ${JSON.stringify(port)}`, async (t) => {
    const parent = await temporaryDirectory(t);
    const { code, stderr } = await init('--dir', join(parent, 'keys'), '--hostname', 'localhost', `--port=${port}`);
    assert.equal(code, 2);
    assert.match(stderr, /^pamhook init: --port must be a whole number from 1 to 65535, not .*\n$/);
    assert.deepEqual(await readdir(parent), []);
  });
}

test('init leaves a directory of verification keys as it is, and refuses a file of that name', async (t) => {
  const dir = await made(t, 'localhost');
  await writeFile(join(dir, 'verification', 'a.pem'), 'mine');
  assert.equal((await init('--dir', dir, '--hostname', 'localhost', '--force')).code, 0);
  assert.equal(await readFile(join(dir, 'verification', 'a.pem'), 'utf8'), 'mine');
  const other = await temporaryDirectory(t);
  await writeFile(join(other, 'verification'), '');
  const { code, stderr } = await init('--dir', other, '--hostname', 'localhost');
  assert.deepEqual([code, stderr], [2, `pamhook init: ${join(other, 'verification')} is not a directory\n`]);
  assert.deepEqual(await readdir(other), ['verification']);
});
