import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { connect } from 'node:tls';
import { auditLines, type Daemon, run, type Scene, setScene, startDaemon, until } from './daemon-harness.js';

const FILES = ['server.crt', 'server.key', 'signing-key.pem'];
const ROTATIONS = 3;
/** Answered before each rotation and after the last: each client has asked many times by then, on the kept connections and on new ones. */
const REQUESTS_BETWEEN = 250;

/** A scene whose certificate and keys are files of `DIR/live`, put there anew by `replace`. */
async function setLiveScene(t: TestContext, how: 'rename' | 'symlink swap') {
  const scene = await setScene(t);
  const live = join(scene.dir, 'live');
  mkdirSync(live);
  let version = 0;
  /** Certificate, its key and signing key, each another one. */
  async function make(): Promise<string> {
    version += 1;
    const fresh = join(scene.dir, `fresh-${version}`);
    const made = await run(['init', '--dir', fresh, '--hostname', 'localhost,127.0.0.1'], scene.env);
    assert.equal(made.code, 0, made.stderr);
    return fresh;
  }
  function rename(from: string): void {
    for (const name of FILES) {
      copyFileSync(join(from, name), join(live, `${name}.new`));
      chmodSync(join(live, `${name}.new`), 0o600);
      renameSync(join(live, `${name}.new`), join(live, name));
    }
  }
  /** As Kubernetes updates a mounted Secret. */
  function swap(from: string): void {
    symlinkSync(from, join(live, '..data_tmp'));
    renameSync(join(live, '..data_tmp'), join(live, '..data'));
  }
  const put = how === 'rename' ? rename : swap;
  const replace = async () => put(await make());
  if (how === 'symlink swap') for (const name of FILES) symlinkSync(`..data/${name}`, join(live, name));
  put(join(scene.dir, 'tls'));
  const flags = scene.flags.map((flag) => flag.replace(join(scene.dir, 'tls'), live));
  return { scene: { ...scene, flags }, live, replace };
}

const events = (scene: Scene, name: string) => auditLines(scene).filter(({ event }) => event === name);

interface Load {
  /** Requests answered rightly, and what was wrong with the others. */
  readonly count: () => number;
  readonly faults: string[];
  stop(): Promise<void>;
}

/** Clients that log in, review old and new tokens and ask for a heartbeat, on kept and on new connections, without pause. */
function load(daemon: Daemon): Load {
  const tokens: string[] = [];
  const faults: string[] = [];
  let count = 0;
  let over = false;
  const kept = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const client = async (ask: (agent: Agent | false) => Promise<boolean>, agent: Agent | false) => {
    while (!over) {
      const right = await ask(agent).catch((fault: Error) => void faults.push(`${fault}`));
      if (right) count += 1;
      else if (right === false) faults.push('a wrong answer');
    }
  };
  const login = async (agent: Agent | false) => {
    const { status, body } = await ask(daemon.port, agent, '/token', { auth: 'alice:secret' });
    if (status !== 200) return false;
    tokens.push(body.trim());
    return isYes(daemon.port, agent, body.trim());
  };
  const reviewOld = async (agent: Agent | false) => {
    const token = tokens[Math.floor(Math.random() * tokens.length)];
    return token === undefined ? heartbeat(agent) : isYes(daemon.port, agent, token);
  };
  const heartbeat = async (agent: Agent | false) => (await ask(daemon.port, agent, '/heartbeat')).body === 'ok';
  const clients = [login, reviewOld, heartbeat].flatMap((asked) => [client(asked, kept), client(asked, false)]);
  return {
    count: () => count,
    faults,
    async stop() {
      over = true;
      await Promise.all(clients);
      kept.destroy();
    },
  };
}

async function isYes(port: number, agent: Agent | false, token: string): Promise<boolean> {
  const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } });
  const answer = await ask(port, agent, '/authenticate', { method: 'POST', body });
  return JSON.parse(answer.body).status.user?.username === 'alice';
}

function ask(
  port: number,
  agent: Agent | false,
  path: string,
  options: { method?: string; auth?: string; body?: string } = {},
) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const { body, ...rest } = options;
    const asked = request({ host: '127.0.0.1', port, path, agent, rejectUnauthorized: false, ...rest }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

function certificateOf(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

describe('files that change', () => {
  for (const how of ['rename', 'symlink swap'] as const) {
    it(`by ${how}, certificate and keys ${ROTATIONS} times under load, fail no request and give no wrong answer`, async (t) => {
      const { scene, replace } = await setLiveScene(t, how);
      const daemon = await startDaemon(t, scene);
      const before = await certificateOf(daemon.port);
      const clients = load(daemon);
      const goOn = async () => {
        const asked = clients.count();
        await until(() => clients.count() > asked + REQUESTS_BETWEEN || clients.faults.length > 0);
      };
      for (let rotation = 1; rotation <= ROTATIONS; rotation += 1) {
        await goOn();
        await replace();
        await until(() => events(scene, 'keys.changed').length === rotation);
        await until(() => events(scene, 'certificate.changed').length === rotation);
      }
      await goOn();
      await clients.stop();
      t.diagnostic(`${clients.count()} requests answered rightly`);
      assert.deepEqual(clients.faults, []);
      assert.notEqual(await certificateOf(daemon.port), before);
      const signers = events(scene, 'keys.changed').map(({ signs }) => signs);
      assert.equal(new Set(signers).size, ROTATIONS);
      assert.equal(daemon.children('front').length, 1);
      assert.doesNotMatch(daemon.stderr(), /"level":"error"/);
    });
  }

  it('to something bad keep what was in use, and say so with the cure', async (t) => {
    const { scene, live } = await setLiveScene(t, 'rename');
    const daemon = await startDaemon(t, scene);
    const before = await certificateOf(daemon.port);
    const { body: token } = await daemon
      .login('alice', 'secret')
      .catch(() => ask(daemon.port, false, '/token', { auth: 'alice:secret' }));
    writeFileSync(join(live, 'server.crt'), 'no certificate');
    chmodSync(join(live, 'signing-key.pem'), 0o644);
    await daemon.logged('"what":"certificate"');
    await daemon.logged('"what":"keys"');
    assert.match(daemon.stderr(), /"what":"keys".*chmod 600/);
    assert.equal(await certificateOf(daemon.port), before);
    assert.equal(await isYes(daemon.port, false, token.trim()), true);
    chmodSync(join(live, 'signing-key.pem'), 0o600);
    await daemon.logged('loaded anew');
  });

  it('are loaded on SIGHUP too, and a front started later has the new ones', async (t) => {
    const { scene, replace } = await setLiveScene(t, 'rename');
    const daemon = await startDaemon(t, scene);
    const { body: token } = await ask(daemon.port, false, '/token', { auth: 'alice:secret' });
    await replace();
    process.kill(daemon.pid, 'SIGHUP');
    await until(() => events(scene, 'keys.changed').length === 1 && events(scene, 'certificate.changed').length === 1);
    const after = await certificateOf(daemon.port);
    const [front = 0] = daemon.children('front');
    process.kill(front, 'SIGKILL');
    await daemon.logged('the front accepts connections again');
    assert.equal(await certificateOf(daemon.port), after);
    assert.equal(await isYes(daemon.port, false, token.trim()), true, 'the former key still verifies');
  });

  it('turn HMAC secrets too', async (t) => {
    const { scene } = await setLiveScene(t, 'rename');
    const hmac = join(scene.dir, 'hmac');
    writeFileSync(hmac, 'a-signing-key-of-at-least-32-bytes!', { mode: 0o600 });
    const flags = scene.flags.map((flag, index) => (scene.flags[index - 1] === '-signing-key-file' ? hmac : flag));
    const daemon = await startDaemon(t, { ...scene, flags });
    const { body: token } = await ask(daemon.port, false, '/token', { auth: 'alice:secret' });
    writeFileSync(hmac, 'another-key-of-no-fewer-than-32-bytes');
    await until(() => events(scene, 'keys.changed').length === 1);
    assert.equal(await isYes(daemon.port, false, token.trim()), true);
  });
});
