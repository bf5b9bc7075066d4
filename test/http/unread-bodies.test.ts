/** Bodies that nobody asked for: on paths and with methods that read none, or behind an answer that came before them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, dial, startFront, statuses } from './front.js';

const KIB = 1024;
/** Twice what is read of a body elsewhere. */
const MOST = 16 * KIB;
const HEARTBEAT = 'GET /heartbeat HTTP/1.1\r\nHost: h\r\n\r\n';

/** Method, path and the answer. */
const READ_BY_NOBODY: [string, string, number][] = [
  ['GET', '/heartbeat', 200],
  ['POST', '/heartbeat', 405],
  ['POST', '/nowhere', 404],
  ['PUT', '/token', 405],
  ['GET', '/token?token-expires-in=x', 400],
  ['PUT', '/authenticate', 405],
  ['TRACE', '/heartbeat', 405],
];

const declared = (length: number) => `Content-Length: ${length}\r\n\r\n`;
const chunked = 'Transfer-Encoding: chunked\r\n\r\n';
const chunk = (length: number) => `${length.toString(16)}\r\n${'x'.repeat(length)}\r\n`;

test('a body that nobody reads is answered before it has come, and the next request behind it', async (t) => {
  const { port } = await startFront(t);
  for (const [method, path, status] of READ_BY_NOBODY) {
    for (const [head, body] of [
      [declared(MOST), 'x'.repeat(MOST)],
      [chunked, `${chunk(MOST)}0\r\n\r\n`],
    ]) {
      const client = await dial(port);
      client.socket.write(`${method} ${path} HTTP/1.1\r\nHost: h\r\n${head}`);
      await client.until('\r\n\r\n');
      client.socket.write(`${body}${HEARTBEAT}`);
      const received = await client.until((text) => statuses(text).length === 2);
      assert.deepEqual(statuses(received), [status, 200], `${method} ${path}`);
      client.socket.destroy();
    }
  }
});

test('more than 16 KiB of a body that nobody reads close the connection, declared or chunked', {
  timeout: 120_000,
}, async (t) => {
  const { port } = await startFront(t, { bounds: { requestTimeout: 600_000 } });
  for (const [method, path, status] of READ_BY_NOBODY) {
    for (const [head, body] of [
      [declared(2 ** 40), 'x'.repeat(KIB)],
      [chunked, chunk(KIB)],
    ]) {
      const client = await dial(port);
      client.socket.write(`${method} ${path} HTTP/1.1\r\nHost: h\r\n${head}`);
      await client.until('\r\n\r\n');
      for (let sent = 0; sent < MOST; sent += KIB) client.socket.write(body ?? '');
      // Now and then one more, as long as there is somebody to take it.
      const sending = setInterval(() => client.socket.write(body ?? ''), 10);
      assert.deepEqual(statuses(await client.closed()), [status], `${method} ${path}`);
      clearInterval(sending);
    }
  }
  assert.equal((await ask(port, '/heartbeat')).status, 200);
});

test('a body that is read is not cut off by this', async (t) => {
  const { port } = await startFront(t);
  const body = JSON.stringify({
    kind: 'TokenReview',
    apiVersion: 'authentication.k8s.io/v1',
    spec: { token: 'x'.repeat(900 * KIB) },
  });
  for (const headers of [{}, { 'Transfer-Encoding': 'chunked' }]) {
    const answer = await ask(port, '/authenticate', {
      method: 'POST',
      body,
      headers: headers as Record<string, string>,
    });
    assert.equal(answer.status, 200);
  }
});
