/** The server of /metrics: what it answers, and how little it gives to those who hang, trickle or come in numbers. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { createMetricsServer, type MetricsServerOptions } from '#src/http/metrics-server.js';
import { createCertificate } from '../harness/certificate.js';
import { dialTcp, dialTls } from '../harness/raw-client.js';
import { type Answer, certificate } from './front.js';

async function start(t: TestContext, options: Partial<MetricsServerOptions> = {}) {
  const server = createMetricsServer({
    tls: undefined,
    contentType: 'text/x',
    metrics: async () => 'a 1\n',
    ...options,
  });
  t.after(() => server.close());
  return { server, port: await server.listenOn({ host: '127.0.0.1', port: 0 }) };
}

function ask(port: number, path: string, method = 'GET'): Promise<Omit<Answer, 'rawHeaders'>> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: Buffer.concat(chunks).toString() });
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

const GET = 'GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n';

test('GET and HEAD of /metrics are answered, once a connection, and nothing else', async (t) => {
  const { port } = await start(t);
  const answer = await ask(port, '/metrics');
  const { 'content-type': type, connection } = answer.headers;
  assert.deepEqual([answer.status, answer.body, type, connection], [200, 'a 1\n', 'text/x', 'close']);
  assert.equal((await ask(port, '/metrics?x=y')).status, 200);
  const head = await ask(port, '/metrics', 'HEAD');
  assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '4']);
  const post = await ask(port, '/metrics', 'POST');
  assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
  for (const path of ['/', '/metrics/', '/token', '/authenticate', '//metrics']) {
    assert.equal((await ask(port, path)).status, 404, path);
  }
  const client = await dialTcp(port);
  client.socket.write(GET + GET);
  assert.equal((await client.closed()).split('HTTP/1.1 200').length - 1, 1);
});

test('without recent numbers the answer is 503', async (t) => {
  const { port } = await start(t, { metrics: async () => undefined });
  assert.equal((await ask(port, '/metrics')).status, 503);
});

test('a fault in writing them is 503 too', async (t) => {
  const { port } = await start(t, { metrics: () => Promise.reject(new Error('broken')) });
  assert.equal((await ask(port, '/metrics')).status, 503);
});

test('a connection ends when its time is over, whether nothing or half a request comes', async (t) => {
  const { port } = await start(t, { bounds: { connectionTime: 300 } });
  const clients = await Promise.all([dialTcp(port), dialTcp(port)]);
  clients[1]?.socket.write('GET /metrics HTTP/1.1\r\nX: ');
  for (const client of clients) await client.closed();
});

test('headers beyond the bound are answered 431', async (t) => {
  const { port } = await start(t);
  const large = await dialTcp(port);
  large.socket.write(`GET /metrics HTTP/1.1\r\nX: ${'x'.repeat(9 * 1024)}\r\n\r\n`);
  assert.match(await large.closed(), /^HTTP\/1\.1 431 /);
});

test('one address has its share of connections and no more', async (t) => {
  const { port } = await start(t, { bounds: { connectionsPerSource: 2, connectionTime: 600_000 } });
  const dial = (from: string) => dialTcp(port, from);
  const idle = [await dial('127.8.1.1'), await dial('127.8.1.1')];
  assert.equal(await (await dial('127.8.1.1')).closed(), '');
  assert.equal((await ask(port, '/metrics')).status, 200, 'of another address');
  for (const { socket } of idle) assert.equal(socket.destroyed, false);
  for (const { socket } of idle) socket.destroy();
});

test('all addresses together have no more connections than there may be', async (t) => {
  const { port } = await start(t, { bounds: { connections: 3, connectionsPerSource: 2, connectionTime: 600_000 } });
  const idle = await Promise.all(['127.8.1.2', '127.8.1.2', '127.8.1.3'].map((from) => dialTcp(port, from)));
  assert.equal(await (await dialTcp(port, '127.8.1.4')).closed(), '');
  for (const { socket } of idle) assert.equal(socket.destroyed, false);
  for (const { socket } of idle) socket.destroy();
});

test('with a certificate it speaks TLS, and nothing else; another certificate is for the next connection', async (t) => {
  const { server, port } = await start(t, { tls: certificate });
  const scrape = async (ca: string | Buffer) => {
    const client = await dialTls(port, { ca });
    client.socket.write(GET);
    return client.closed();
  };
  assert.match(await scrape(certificate.cert), /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\na 1\n$/s);
  const plain = await dialTcp(port);
  plain.socket.write(GET);
  assert.doesNotMatch(await plain.closed(), /a 1/);
  const next = await createCertificate();
  server.setTls(next);
  assert.match(await scrape(next.cert), /^HTTP\/1\.1 200 OK/);
  await assert.rejects(scrape(certificate.cert));
});
