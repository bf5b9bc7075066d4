/** `pamhook check --webhook-config` on a real daemon, and on servers that answer what pamhook never would. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { parse, stringify } from 'yaml';
import { parseCheckArguments } from '#src/cli/check/arguments.js';
import { webhookFindings } from '#src/cli/check/webhook.js';
import { ConfigurationError } from '#src/errors.js';
import { type Daemon, type Ended, MAIN, type Scene, setScene, startDaemon } from '../../daemon/daemon-harness.js';
import { scratchDirectory } from '../../harness/scratch.js';
import { type Issued, issue } from '../chains.js';

const DAY = 24 * 60 * 60 * 1000;
const root = await issue('a root', undefined, { ca: true });
const other = await issue('another root', undefined, { ca: true });
const server = await issue('pamhook', root);
const client = await issue('kube-apiserver', root, { names: [] });
const expired = await issue('kube-apiserver', root, { names: [], notAfter: Date.now() - DAY });
const expiring = await issue('kube-apiserver', root, { names: [], notAfter: Date.now() + DAY });
const base64 = (text: string) => Buffer.from(text).toString('base64');

type Entry = Record<string, unknown>;

/** A kubeconfig in the directory. An undefined member is left out. */
function kubeconfig(dir: string, cluster: Entry, user: Entry = {}, top: Entry = {}): string {
  const path = join(dir, 'webhook.kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'decoy', cluster: { server: 'https://decoy.invalid' } },
      { name: 'c', cluster },
    ],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
    ...top,
  };
  writeFileSync(path, stringify(config));
  return path;
}

/** The CLI, with a token on standard input. */
async function check(scene: Scene, args: readonly string[], token: string): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, 'check', ...args], { env: scene.env, stdio: ['pipe', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  child.stdin.on('error', () => {}).end(`${token}\n`);
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

async function setUp(t: TestContext): Promise<{ scene: Scene; daemon: Daemon; file: string; token: string }> {
  const scene = await setScene(t);
  const daemon = await startDaemon(t, scene, ['-audience', 'cluster-a,cluster-b']);
  const file = join(scene.dir, 'tls', 'webhook.kubeconfig');
  const config = parse(readFileSync(file, 'utf8'));
  config.clusters[0].cluster.server = `https://localhost:${daemon.port}/authenticate`;
  writeFileSync(file, stringify(config));
  return {
    scene,
    daemon,
    file,
    token: (await daemon.login('alice', 'secret', { query: '?audience=cluster-a' })).body.trim(),
  };
}

function asks(
  file: string,
  question: { version?: 'v1' | 'v1beta1'; audiences?: readonly string[]; token?: string } = {},
) {
  const { version = 'v1', audiences = [], token } = question;
  const stdin = (async function* () {
    yield token ?? '';
  })();
  return webhookFindings({ file, version, audiences, token: token !== undefined }, { stdin }, Date.now());
}

async function faultOf(file: string, question?: Parameters<typeof asks>[1]): Promise<string> {
  const faults = (await asks(file, question)).filter(({ level }) => level === 'fault');
  return faults.map(({ subject, says, cure }) => `${subject}: ${says}; ${cure}`).join('\n');
}

async function listening(t: TestContext, started: Server): Promise<number> {
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  t.after(() => void started.close());
  return (started.address() as AddressInfo).port;
}

/** A server that is no pamhook, and a kubeconfig for it. */
async function standIn(
  t: TestContext,
  answer: RequestListener,
  identity: Issued = server,
  options: ServerOptions = {},
) {
  const started = createTlsServer({ cert: identity.cert, key: identity.key, ...options }, answer);
  const port = await listening(t, started);
  t.after(() => started.closeAllConnections());
  const cluster = { server: `https://localhost:${port}/authenticate`, 'certificate-authority-data': base64(root.cert) };
  return { port, cluster, file: kubeconfig(scratchDirectory(t), cluster) };
}

describe('pamhook check --webhook-config', () => {
  it('calls a daemon as kube-apiserver would, and shows whose a token is but never the token', async (t) => {
    const { scene, file, token } = await setUp(t);
    const args = ['--webhook-config', file, '--token', '-'];
    for (const more of [[], ['--webhook-version', 'v1beta1', '--audiences', 'cluster-a,elsewhere']]) {
      const { code, stdout, stderr } = await check(scene, [...args, ...more], token);
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(
        stdout,
        /ok {3}webhook-token +yes: \{"username":"alice","uid":"20001","groups":\["alice","developers"\]\}/,
      );
      assert.match(stdout, /ok {3}webhook +answers TokenReviews of v1(?:beta1)?, with no to a token/);
      assert.ok(!stdout.includes(token.split('.')[1] ?? ''));
    }
    const refused = await check(scene, [...args, '--output', 'json'], `${token}x`);
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /"subject":"webhook-token","says":"no: the token is refused"/);
    assert.match(await faultOf(file, { token, audiences: ['cluster-b'] }), /^webhook-token: no: the token is refused/);
  });

  it('says what keeps the daemon from answering: port, path, CA, name', async (t) => {
    const { daemon, scene } = await setUp(t);
    const url = `https://localhost:${daemon.port}`;
    const ca = { 'certificate-authority': 'ca.crt' };
    const dir = join(scene.dir, 'tls');
    const fault = (cluster: Entry) => faultOf(kubeconfig(dir, { ...ca, ...cluster }));
    assert.equal(await fault({ server: `${url}/authenticate/` }), '', 'client-go takes the slash away');
    // The page for people, and nothing.
    assert.match(await fault({ server: `${url}/` }), /^webhook: 405 .*; end the server URL with \/authenticate/);
    assert.match(await fault({ server: `${url}/review` }), /^webhook: 404 .*; end the server URL with \/authenticate/);
    assert.match(await fault({ server: `${url}/token` }), /^webhook: 401 /);
    assert.match(
      await fault({ server: 'https://localhost:1/authenticate' }),
      /port 1 cannot be reached \(ECONNREFUSED\)/,
    );
    const named = { server: `${url}/authenticate`, 'tls-server-name': 'other.example.org' };
    assert.match(await fault(named), /is not for "other\.example\.org"; issue it for that name/);
    const foreign = { server: `${url}/authenticate`, 'certificate-authority-data': base64(other.cert) };
    assert.match(
      await fault({ ...foreign, 'certificate-authority': undefined }),
      /is of another CA than certificate-authority/,
    );
    assert.match(
      await fault({ server: `${url}/authenticate`, 'certificate-authority': undefined }),
      /is of another CA/,
    );
    assert.equal(await fault({ server: `https://127.0.0.1:${daemon.port}/authenticate` }), '');
  });

  it('says what the daemon has against a client certificate, and takes one that is good', async (t) => {
    const scene = await setScene(t);
    const ca = join(scene.dir, 'client-ca.crt');
    writeFileSync(ca, root.cert);
    const daemon = await startDaemon(t, scene, ['-client-ca-file', ca]);
    const dir = join(scene.dir, 'kubeconfig');
    mkdirSync(dir);
    writeFileSync(join(dir, 'client.crt'), client.cert);
    writeFileSync(join(dir, 'client.key'), client.key);
    const cluster = {
      server: `https://localhost:${daemon.port}/authenticate`,
      'certificate-authority': '../tls/ca.crt',
    };
    const fault = (user: Entry) => faultOf(kubeconfig(dir, cluster, user));
    assert.equal(await fault({ 'client-certificate': 'client.crt', 'client-key': 'client.key' }), '');
    assert.equal(
      await fault({ 'client-certificate-data': base64(client.cert), 'client-key-data': base64(client.key) }),
      '',
    );
    assert.match(
      await fault({}),
      /^webhook: 401 Unauthorized: "a client certificate is required"; give the kubeconfig/,
    );
    const old = { 'client-certificate-data': base64(expired.cert), 'client-key-data': base64(expired.key) };
    assert.match(await fault(old), /^webhook-config: the client certificate expired on .*\nwebhook: 401/);
    const soon = { 'client-certificate-data': base64(expiring.cert), 'client-key-data': base64(expiring.key) };
    const [, warned] = await asks(kubeconfig(dir, cluster, soon));
    assert.match(`${warned?.level} ${warned?.says}`, /^warning the client certificate expires on/);
  });

  it('names what would keep kube-apiserver from starting, or from asking', async (t) => {
    const dir = scratchDirectory(t);
    writeFileSync(join(dir, 'ca.crt'), root.cert);
    const ca = { 'certificate-authority': 'ca.crt' };
    const good = { server: 'https://localhost:1/authenticate', ...ca };
    const says = async (cluster: Entry, user?: Entry, top?: Entry) => faultOf(kubeconfig(dir, cluster, user, top));
    assert.match(
      await says(good, {}, { 'current-context': '' }),
      /current-context is not set: kube-apiserver does not start/,
    );
    assert.match(await says(good, {}, { 'current-context': 'y' }), /there is no context "y"/);
    assert.match(await says(good, {}, { clusters: [] }), /there is no cluster "c"/);
    assert.match(await says(good, {}, { users: [] }), /there is no user "u"/);
    assert.match(await says({ ...good, 'certificate-authority-data': base64(root.cert) }), /are both given/);
    assert.match(await says({ ...good, 'insecure-skip-tls-verify': true }), /is not allowed/);
    assert.match(await says({ ...good, 'certificate-authority': 'no.crt' }), /no\.crt cannot be read \(ENOENT\)/);
    assert.match(await says({ server: good.server, 'certificate-authority-data': 'eA==' }), /holds no certificate/);
    for (const server of ['http://localhost:1/authenticate', 'localhost:1', '', 'ftp://a'])
      assert.match(await says({ ...good, server }), /is no https URL; write https:/);
    const cert = { 'client-certificate-data': base64(client.cert) };
    assert.match(await says(good, cert), /of client-certificate and client-key only one is given/);
    const mixed = { ...cert, 'client-key-data': base64(expired.key) };
    assert.match(await says(good, mixed), /client-key is no key of client-certificate/);
    for (const text of ['', 'a: [', '- a', 'x'.repeat(2 ** 20 + 1)]) {
      writeFileSync(join(dir, 'other'), text);
      assert.match(await faultOf(join(dir, 'other')), /is no YAML map/);
    }
    assert.match(await faultOf(join(dir, 'none')), /cannot be read \(ENOENT\)/);
  });

  const review = (status: object, apiVersion = 'authentication.k8s.io/v1') =>
    JSON.stringify({ kind: 'TokenReview', apiVersion, status });
  const answers: readonly (readonly [status: number, body: string, says: RegExp, headers?: Record<string, string>])[] =
    [
      [503, '', /^webhook: 503 Service Unavailable; see what stands before pamhook: .* does not try again/],
      [500, review({ authenticated: false, error: 'ERR' }), /could not check: "ERR"/],
      [200, '<html>', /200 OK, and no TokenReview of v1; name the URL/],
      [200, review({}, 'authentication.k8s.io/v1beta1'), /no TokenReview of v1/],
      [200, review({ authenticated: true, user: {} }), /yes to a token that nobody has issued; do not use/],
      [302, '', /302 Found: a redirect, which would be followed with the token/, { location: '/login' }],
      [200, 'x'.repeat(2 ** 20 + 1), /cannot be reached \("an answer of more than/],
    ];
  for (const [status, body, says, headers = {}] of answers) {
    it(`explains ${status} ${body.slice(0, 40)}`, async (t) => {
      const { file } = await standIn(t, (_request, response) => void response.writeHead(status, headers).end(body));
      assert.match(await faultOf(file), says);
    });
  }

  it('sends what kube-apiserver sends, and shows no token that comes back', async (t) => {
    const bodies: string[] = [];
    const { file } = await standIn(t, (request, response) => {
      assert.equal(`${request.method} ${request.url}`, 'POST /authenticate?timeout=30s');
      request.setEncoding('utf8').on('data', (chunk) => bodies.push(chunk));
      request.on('end', () => {
        const { spec } = JSON.parse(bodies.at(-1) ?? '');
        const no = bodies.length === 1;
        response.writeHead(no ? 200 : 403);
        response.end(no ? review({ authenticated: false }) : JSON.stringify({ message: `what is ${spec.token}?` }));
      });
    });
    const fault = await faultOf(file, { token: 'a.real.token', audiences: ['a', 'b'] });
    assert.match(fault, /^webhook-token: 403 Forbidden: "what is \[token\]\?"/);
    assert.deepEqual(JSON.parse(bodies[1] ?? ''), {
      kind: 'TokenReview',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { creationTimestamp: null },
      spec: { token: 'a.real.token', audiences: ['a', 'b'] },
      status: { user: {} },
    });
  });

  it('tells what TLS is at fault', async (t) => {
    const no: RequestListener = (_request, response) => void response.end(review({ authenticated: false }));
    const past = await issue('pamhook', root, { notAfter: Date.now() - DAY });
    assert.match(await faultOf((await standIn(t, no, past)).file), /the server's certificate has expired/);
    const nameless = await issue('localhost', root, { names: [] });
    assert.match(
      await faultOf((await standIn(t, no, nameless)).file),
      /is not for "localhost": it has no subjectAltName/,
    );
    const strict = { requestCert: true, rejectUnauthorized: true, ca: root.cert };
    assert.match(
      await faultOf((await standIn(t, no, server, strict)).file),
      /^webhook: .*(?:TLS handshake|ECONNRESET)/,
    );
    const { cluster } = await standIn(t, no);
    const lax = { server: cluster.server, 'insecure-skip-tls-verify': true };
    const found = await asks(kubeconfig(scratchDirectory(t), lax, { token: 'x' }));
    assert.deepEqual(
      found.map(({ level }) => level),
      ['ok', 'warning', 'warning', 'ok'],
    );
    const plain = await listening(t, createServer(no));
    const file = kubeconfig(scratchDirectory(t), { ...cluster, server: `https://localhost:${plain}/authenticate` });
    assert.match(await faultOf(file), /does not speak TLS/);
  });

  it('takes no token as an argument, and no flags of serve', async () => {
    const says = (...argv: string[]) => {
      try {
        parseCheckArguments(argv);
      } catch (error) {
        return error instanceof ConfigurationError ? `${error.message}; ${error.cure}` : assert.fail();
      }
      return assert.fail('nothing was thrown');
    };
    const secret = says('--webhook-config', 'f', '--token', 'a.b.c');
    assert.equal(secret, '--token must be -: others may see an argument; write the token to standard input');
    assert.match(says('--webhook-config', 'f', '-bind-port', '1'), /a flag of pamhook serve exclude each other/);
    assert.match(says('--webhook-config', 'f', '--user', 'a'), /--user exclude each other/);
    assert.match(says('--token', '-'), /--token goes with --webhook-config/);
    assert.match(says('--webhook-config', 'f', '--webhook-version', 'v2'), /must be v1 or v1beta1/);
    await assert.rejects(asks('f', { token: ' \n' }), /there is no token on standard input/);
  });
});
