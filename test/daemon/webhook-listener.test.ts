/** A listener for reviews alone: what it serves and what the other no longer does, its bounds, its end. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { closeSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { loadNative } from '#src/native/binding.js';
import { issue } from '../cli/chains.js';
import { dialTls, type RawClient, statuses } from '../harness/raw-client.js';
import {
  type Ask,
  askOnce,
  auditLines,
  type Daemon,
  run,
  type Scene,
  setScene,
  startDaemon,
} from './daemon-harness.js';

const native = loadNative();
const root = await issue('client root', undefined, { ca: true });

const OWN = ['-webhook-bind-address', '127.0.0.1:0'];
const caOf = (scene: Scene) => readFileSync(join(scene.dir, 'tls', 'ca.crt'));

/** A request to the listener of the webhook. */
function askWebhook(daemon: Daemon, scene: Scene, path: string, options: Ask = {}) {
  return askOnce(daemon.webhookPort ?? 0, caOf(scene), path, options);
}

const reviewOf = (token: string) =>
  JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } });

/** What a client is told of the certificate that it could show. */
function handshakeOf(port: number): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile('openssl', ['s_client', '-connect', `127.0.0.1:${port}`], (_error, stdout) =>
      resolve(stdout),
    );
    child.stdin?.end();
  });
}

async function isYes(daemon: Daemon, scene: Scene): Promise<boolean> {
  const { body: token } = await daemon.login('alice', 'secret');
  const { body } = await askWebhook(daemon, scene, '/authenticate', { method: 'POST', body: reviewOf(token.trim()) });
  return JSON.parse(body).status.user?.username === 'alice';
}

describe('webhook-bind-address', () => {
  it('moves /authenticate to a listener that serves nothing else but /heartbeat', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, OWN);
    assert.equal(await isYes(daemon, scene), true);
    assert.equal((await askWebhook(daemon, scene, '/heartbeat')).body, 'ok');
    for (const method of ['GET', 'POST']) {
      assert.equal(
        (await askWebhook(daemon, scene, '/token', { method, user: 'alice', password: 'secret' })).status,
        404,
      );
      assert.equal((await daemon.ask('/authenticate', { method })).status, 404);
    }
    assert.equal((await daemon.ask('/heartbeat')).status, 200);
    const [started] = auditLines(scene);
    assert.deepEqual(
      [started?.['port'], started?.['webhookAddress'], started?.['webhookPort']],
      [daemon.port, '127.0.0.1', daemon.webhookPort],
    );
    const [front = 0] = daemon.children('front');
    process.kill(front, 'SIGKILL');
    await daemon.logged('the front accepts connections again');
    assert.equal(await isYes(daemon, scene), true);
  });

  it('asks for client certificates there alone', async (t) => {
    const scene = await setScene(t);
    const caFile = join(scene.dir, 'client-ca.crt');
    writeFileSync(caFile, root.cert);
    const daemon = await startDaemon(t, scene, [...OWN, '-client-ca-file', caFile]);
    const names = /Acceptable client certificate CA names/;
    assert.match(await handshakeOf(daemon.webhookPort ?? 0), names);
    const other = await handshakeOf(daemon.port);
    assert.match(other, /BEGIN CERTIFICATE/);
    assert.doesNotMatch(other, names);
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
    assert.equal(
      (await askWebhook(daemon, scene, '/authenticate', { method: 'POST', body: reviewOf('x') })).status,
      401,
    );
    assert.equal((await askWebhook(daemon, scene, '/heartbeat')).status, 200);
    const { cert, key } = await issue('kube-apiserver', root, { names: [] });
    const shown = await dialTls(daemon.webhookPort ?? 0, { ca: caOf(scene), cert, key });
    const body = reviewOf('x');
    shown.socket.write(`POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    assert.deepEqual(statuses(await shown.until('"authenticated":false')), [200]);
    shown.socket.destroy();
  });

  it('has places of its own, half of them for one source', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, [...OWN, '-webhook-max-connections', '4', '-max-connections', '2']);
    const port = daemon.webhookPort ?? 0;
    const ca = caOf(scene);
    const taken: RawClient[] = [];
    const dial = (to: number, localAddress: string) => dialTls(to, { ca, localAddress });
    for (let place = 0; place < 2; place++) {
      taken.push(await dial(port, '127.0.0.66'), await dial(daemon.port, '127.0.0.66'));
    }
    t.after(() => {
      for (const { socket } of taken) socket.destroy();
    });
    await assert.rejects(dial(port, '127.0.0.66'), 'its half is taken');
    await assert.rejects(dial(daemon.port, '127.0.0.1'), 'all of the other listener are');
    assert.equal((await askWebhook(daemon, scene, '/heartbeat', { from: '127.0.0.1' })).status, 200);
  });

  it('ends as the other does: what was asked is answered, and nobody is let in any more', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, OWN);
    const port = daemon.webhookPort ?? 0;
    const asking = await dialTls(port, { ca: caOf(scene) });
    const body = reviewOf('x');
    asking.socket.write(`POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
    const idle = await dialTls(port, { ca: caOf(scene) });
    const ended = daemon.stop();
    await idle.closed();
    await assert.rejects(dialTls(port, { ca: caOf(scene) }));
    asking.socket.write(body);
    const answer = await asking.closed();
    assert.deepEqual(statuses(answer), [200]);
    assert.match(answer, /\r\nConnection: close\r\n/);
    assert.deepEqual(await ended, { code: 0, signal: null });
  });

  it('is named in the one line that a taken port, or a bad value, ends the start with', async (t) => {
    const scene = await setScene(t);
    const { fd, port } = native.listen('127.0.0.1', 0, 1);
    t.after(() => closeSync(fd));
    const serve = (value: string) => run(['serve', ...scene.flags, '-webhook-bind-address', value], scene.env);
    const taken = await serve(`127.0.0.1:${port}`);
    assert.equal(taken.code, 2);
    assert.match(
      taken.stderr,
      new RegExp(`webhook-bind-address 127\\.0\\.0\\.1:${port}: the port is taken; stop what`),
    );
    const bad = await serve('8443');
    assert.equal(bad.code, 2);
    assert.match(bad.stderr, /webhook-bind-address must be an IP address and a port such as/);
  });
});

describe('a listening socket named webhook', () => {
  /** The shell becomes the daemon, and so knows its pid. */
  const by = ['sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh'];
  function openSocket(t: TestContext) {
    const socket = native.listen('127.0.0.1', 0, 64);
    t.after(() => closeSync(socket.fd));
    return socket;
  }

  it('is served beside the other that was handed over', async (t) => {
    const scene = await setScene(t);
    const [webhook, main] = [openSocket(t), openSocket(t)];
    const env = { LISTEN_FDS: '2', LISTEN_FDNAMES: 'webhook:pamhook.socket' };
    const daemon = await startDaemon(t, scene, [], env, { by, descriptors: [webhook.fd, main.fd] });
    assert.deepEqual([daemon.port, daemon.webhookPort], [main.port, webhook.port]);
    assert.match(daemon.stderr(), /webhook-bind-address is not used/);
    assert.equal(await isYes(daemon, scene), true);
    assert.equal((await daemon.ask('/authenticate', { method: 'POST' })).status, 404);
    assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
  });

  it('may be the only one, and the daemon opens the other', async (t) => {
    const scene = await setScene(t);
    const webhook = openSocket(t);
    const env = { LISTEN_FDS: '1', LISTEN_FDNAMES: 'webhook' };
    const daemon = await startDaemon(t, scene, [], env, { by, descriptors: [webhook.fd] });
    assert.equal(daemon.webhookPort, webhook.port);
    assert.equal(await isYes(daemon, scene), true);
  });
});
