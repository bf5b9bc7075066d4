import assert from 'node:assert/strict';
import { Agent, type RequestOptions, request } from 'node:https';
import { describe, it, type TestContext } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { judge } from '#src/http/caller.js';
import type { Review } from '#src/token/review.js';
import { type Issued, type IssueOptions, issue } from '../cli/chains.js';
import { certificate, dial, type FrontParts, startFront, statuses } from './front.js';

const CLIENT = ['1.3.6.1.5.5.7.3.2'];
const SERVER = ['1.3.6.1.5.5.7.3.1'];
const HOUR = 3_600_000;

const root = await issue('root', undefined, { ca: true });
/** Of the same name; and one of its own. */
const namesake = await issue('root', undefined, { ca: true });
const next = await issue('next root', undefined, { ca: true });
const intermediate = await issue('intermediate', root, { ca: true });
const client = (issuer = root, options: IssueOptions = {}, name = 'kube-apiserver') =>
  issue(name, issuer, { names: [], purposes: CLIENT, ...options });
const good = await client();

const REVIEW = JSON.stringify({
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenReview',
  spec: { token: 'some.token.here' },
});

interface Asked {
  readonly status: number;
  readonly body: string;
  readonly connection: string | undefined;
  readonly reused: boolean;
}

function ask(port: number, shown: Issued | undefined, options: RequestOptions = {}): Promise<Asked> {
  const identity = shown === undefined ? {} : { cert: shown.cert, key: shown.key };
  const target = { host: '127.0.0.1', port, path: '/authenticate', method: 'POST', ca: certificate.cert };
  return new Promise((resolve, reject) => {
    const asked = request({ ...target, agent: false, ...identity, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      const { statusCode: status = 0, headers } = response;
      response.on('end', () => resolve({ status, body, connection: headers.connection, reused: asked.reusedSocket }));
    });
    asked.on('error', reject);
    asked.end(options.method === 'GET' ? undefined : REVIEW);
  });
}

function start(t: TestContext, parts: FrontParts = {}) {
  const reviewed: string[] = [];
  const review: Review = async (token) => {
    reviewed.push(token);
    return { authenticated: false, refusal: 'malformed' };
  };
  return startFront(t, { clientCa: root.cert, review, ...parts }).then((front) => ({ ...front, reviewed }));
}

function keepingAgent(t: TestContext): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  return agent;
}

describe('POST /authenticate with a CA of clients', () => {
  it('is answered for who shows a certificate of that CA, by an intermediate one too', async (t) => {
    const { port, reviewed, refusedCallers } = await start(t);
    const below = await client(intermediate);
    const chained = { ...below, cert: below.cert + intermediate.cert };
    for (const shown of [good, chained, await client(root, { purposes: [] })]) {
      assert.equal((await ask(port, shown)).status, 200);
    }
    assert.equal(reviewed.length, 3);
    assert.deepEqual(refusedCallers, []);
  });

  const refused: readonly (readonly [why: string, shown: () => Promise<Issued | undefined>, named?: string])[] = [
    ['no certificate', async () => undefined],
    ['unknown issuer', () => client(namesake), 'kube-apiserver'],
    ['unknown issuer', () => client(intermediate), 'kube-apiserver'],
    ['unknown issuer', () => issue('kube-apiserver', undefined, { ca: true }), 'kube-apiserver'],
    ['expired', () => client(root, { notAfter: Date.now() - HOUR }), 'kube-apiserver'],
    ['not yet valid', () => client(root, { notBefore: Date.now() + HOUR }), 'kube-apiserver'],
    ['not for clients', () => client(root, { purposes: SERVER }), 'kube-apiserver'],
    ['wrong subject', () => client(root, {}, 'somebody'), 'somebody'],
    ['wrong subject', () => client(root, {}, 'kube-apiserver, CN=somebody')],
    ['wrong subject', () => client(root, {}, 'KUBE-APISERVER'), 'KUBE-APISERVER'],
  ];
  for (const [fault, shown, commonName] of refused) {
    it(`is 401 with nothing reviewed: ${fault}${commonName === undefined ? '' : ` (${commonName})`}`, async (t) => {
      const { port, reviewed, outcomes, refusedCallers } = await start(t, { subjects: ['front', 'kube-apiserver'] });
      const { status, body } = await ask(port, await shown());
      assert.equal(status, 401);
      const { message, ...rest } = JSON.parse(body);
      assert.equal(message, 'a client certificate is required');
      assert.deepEqual(rest, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        reason: 'Unauthorized',
        code: 401,
      });
      assert.deepEqual([reviewed, outcomes], [[], []]);
      assert.deepEqual(
        refusedCallers.map(({ requestId: _, ...caller }) => caller),
        [{ fault, source: '127.0.0.1', ...(commonName === undefined ? {} : { commonName }) }],
      );
    });
  }

  it('reads no body of a stranger, and tells him of no method', async (t) => {
    const { port } = await start(t);
    const stranger = await dial(port);
    stranger.socket.write('POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\n');
    assert.deepEqual(statuses(await stranger.until('a client certificate is required')), [401]);
    assert.equal((await ask(port, undefined, { method: 'GET' })).status, 401);
    assert.equal((await ask(port, good, { method: 'GET' })).status, 405);
  });

  it('leaves /token and /heartbeat to those without a certificate', async (t) => {
    const { port } = await start(t);
    assert.equal((await ask(port, undefined, { method: 'GET', path: '/heartbeat' })).status, 200);
    const token = await ask(port, undefined, { method: 'GET', path: '/token', auth: 'alice:secret' });
    assert.equal(token.status, 200);
  });

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`resumes no session of ${maxVersion}`, async (t) => {
      const { port, reviewed } = await start(t);
      const { cert, key } = good;
      const sessions: Buffer[] = [];
      const dialed = (options: ConnectionOptions) =>
        new Promise<{ status: number | undefined; resumed: boolean }>((resolve, reject) => {
          const socket = connect({ port, host: '127.0.0.1', ca: certificate.cert, maxVersion, ...options });
          let text = '';
          let resumed = true;
          socket.on('secureConnect', () => {
            resumed = socket.isSessionReused();
          });
          socket.on('session', (given) => sessions.push(given));
          socket.on('data', (chunk) => {
            text += chunk;
          });
          socket.on('error', reject);
          socket.on('close', () => resolve({ status: statuses(text)[0], resumed }));
          const length = `Content-Length: ${REVIEW.length}\r\nConnection: close`;
          socket.write(`POST /authenticate HTTP/1.1\r\nHost: a\r\n${length}\r\n\r\n${REVIEW}`);
        });
      assert.deepEqual(await dialed({ cert, key }), { status: 200, resumed: false });
      assert.deepEqual(await dialed({}), { status: 401, resumed: false });
      assert.ok(sessions.length > 0);
      for (const session of [...sessions]) assert.deepEqual(await dialed({ session }), { status: 401, resumed: false });
      assert.equal(reviewed.length, 1);
    });
  }

  it('takes no word of Node for a certificate that is not there', () => {
    const socket = { authorized: true, getPeerX509Certificate: () => undefined } as unknown as TLSSocket;
    assert.deepEqual(judge(socket, []), { fault: 'no certificate' });
  });

  it('judges older connections no more once the CA is another: 500, closed, and right on the next', async (t) => {
    const { port, server, reviewed } = await start(t);
    const agent = keepingAgent(t);
    assert.equal((await ask(port, good, { agent })).status, 200);
    assert.equal((await ask(port, good, { agent })).reused, true);
    server.setTls({ ...certificate, clientCa: next.cert + root.cert });
    const { status, connection, reused } = await ask(port, good, { agent });
    assert.deepEqual([status, connection, reused], [500, 'close', true]);
    assert.deepEqual(await ask(port, good, { agent }).then((asked) => [asked.status, asked.reused]), [200, false]);
    assert.equal(reviewed.length, 3);
    server.setTls({ ...certificate, clientCa: next.cert + root.cert });
    assert.equal((await ask(port, good, { agent })).reused, true, 'the same CA once more');
    server.setTls({ ...certificate, clientCa: next.cert });
    assert.equal((await ask(port, good, { agent })).status, 500);
    assert.equal((await ask(port, good, { agent })).status, 401);
  });

  it('asks for the certificate again when it ran out on a connection that was kept', async (t) => {
    let now = Date.now();
    const { port, reviewed } = await start(t, { now: () => now });
    const agent = keepingAgent(t);
    assert.equal((await ask(port, good, { agent })).status, 200);
    now += 366 * 24 * HOUR;
    const { status, connection, reused } = await ask(port, good, { agent });
    assert.deepEqual([status, connection, reused], [500, 'close', true]);
    assert.equal(reviewed.length, 1);
  });

  it('keeps many certificates of few clients only, whatever they are', async (t) => {
    const { port } = await start(t, { bounds: { largeHandshakes: 2 } });
    // They need not belong together.
    const heavy = { cert: good.cert + next.cert.repeat(60), key: good.key };
    const open: TLSSocket[] = [];
    t.after(() => {
      for (const socket of open) socket.destroy();
    });
    /** Whether the server lets the connection be. */
    const dialed = (identity: { cert: string; key: string }) =>
      new Promise<boolean>((resolve) => {
        const socket = connect({ port, host: '127.0.0.1', ca: certificate.cert, ...identity });
        open.push(socket);
        socket.on('error', () => {}).on('close', () => resolve(false));
        socket.on('data', () => resolve(true));
        socket.write('GET /heartbeat HTTP/1.1\r\nHost: a\r\n\r\n');
      });
    assert.deepEqual([await dialed(heavy), await dialed(heavy)], [true, true]);
    assert.equal(await dialed(heavy), false);
    assert.deepEqual([await dialed(good), (await ask(port, good)).status], [true, 200]);
    open[0]?.destroy();
    while (!(await dialed(heavy))) await new Promise((resolve) => setTimeout(resolve, 20));
  });
});
