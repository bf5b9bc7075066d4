import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, dial, dialTcp, startFront, statuses } from './front.js';

const HEARTBEAT = 'GET /heartbeat HTTP/1.1\r\nHost: h\r\n\r\n';

test('one source has so many connections at once; another is served meanwhile, and a closed one makes room', async (t) => {
  const { port } = await startFront(t, { bounds: { connectionsPerSource: 2 } });
  const held = [await dialTcp(port, '127.0.0.1'), await dialTcp(port, '127.0.0.1')];
  await (await dialTcp(port, '127.0.0.1')).closed();
  await assert.rejects(dial(port, { localAddress: '127.0.0.1' }));
  const other = await dial(port, { localAddress: '127.0.0.2' });
  other.socket.write(HEARTBEAT);
  assert.deepEqual(statuses(await other.until('ok')), [200]);
  held[0]?.socket.destroy();
  let again = dial(port, { localAddress: '127.0.0.1' });
  // The server hears of the close in its own time.
  for (let tries = 0; tries < 50 && (await again.catch(() => undefined)) === undefined; tries += 1) {
    again = dial(port, { localAddress: '127.0.0.1' });
  }
  for (const { socket } of [...held, other, await again]) socket.destroy();
});

test('all sources together have so many connections at once', async (t) => {
  const { port } = await startFront(t, { bounds: { connections: 2 } });
  const held = [await dial(port, { localAddress: '127.0.0.1' }), await dial(port, { localAddress: '127.0.0.2' })];
  await assert.rejects(dial(port, { localAddress: '127.0.0.3' }));
  for (const { socket } of held) socket.destroy();
});

test('a client that connects and says nothing, half a TLS hello, or a hello byte by byte, is cut off', async (t) => {
  const { port } = await startFront(t, { bounds: { handshakeTimeout: 200 } });
  const silent = await dialTcp(port);
  const half = await dialTcp(port);
  half.socket.write(Buffer.from('160301020001', 'hex'));
  const dripping = await dialTcp(port);
  const hello = Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), Buffer.alloc(500)]);
  let sent = 0;
  const drip = setInterval(() => dripping.socket.write(hello.subarray(sent, ++sent)), 20);
  t.after(() => clearInterval(drip));
  await Promise.all([silent.closed(), half.closed(), dripping.closed()]);
  assert.ok(sent < hello.length);
});

test('headers that do not come in time are 408: none at all, half, or byte by byte', async (t) => {
  const { port } = await startFront(t, { bounds: { headersTimeout: 200 } });
  const [none, half, dripping] = [await dial(port), await dial(port), await dial(port)];
  half.socket.write('GET /heartbeat HTTP/1.1\r\nHost');
  const text = `GET /heartbeat HTTP/1.1\r\nX: ${'x'.repeat(1000)}`;
  let sent = 0;
  const drip = setInterval(() => dripping.socket.write(text.slice(sent, ++sent)), 20);
  t.after(() => clearInterval(drip));
  for (const client of [none, half, dripping]) assert.deepEqual(statuses(await client.closed()), [408]);
  assert.ok(sent < text.length);
});

test('a second request half sent is cut off like a first', async (t) => {
  const { port } = await startFront(t, { bounds: { headersTimeout: 200 } });
  const client = await dial(port);
  client.socket.write(`${HEARTBEAT}GET /heart`);
  assert.deepEqual(statuses(await client.closed()), [200, 408]);
});

test('a body that does not come in time is 408, on every route that reads one', async (t) => {
  const { port } = await startFront(t, { bounds: { headersTimeout: 200, requestTimeout: 200 } });
  for (const path of ['/authenticate', '/token']) {
    const client = await dial(port);
    client.socket.write(`POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{`);
    assert.deepEqual(statuses(await client.closed()), [408], path);
  }
});

test('a keep-alive connection without a request is closed, others are served', async (t) => {
  const { port } = await startFront(t, { bounds: { keepAliveTimeout: 100 } });
  const client = await dial(port);
  client.socket.write(HEARTBEAT);
  assert.deepEqual(statuses(await client.closed()), [200]);
  assert.equal((await ask(port, '/heartbeat')).status, 200);
});

test('a client that asks and reads nothing is cut off', { timeout: 5000 }, async (t) => {
  const groups = Array.from({ length: 50_000 }, (_, index) => `group-with-a-long-name-${index}`);
  const review = '{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{"token":"t"}}';
  const { port } = await startFront(t, {
    bounds: { answerTimeout: 200 },
    review: async () => ({
      authenticated: true,
      user: { username: 'alice', uid: '1', groups, extra: {} },
      audiences: undefined,
    }),
  });
  const client = await dial(port);
  client.socket.pause();
  const post = `POST /authenticate HTTP/1.1\r\nHost: h\r\nContent-Length: ${review.length}\r\n\r\n${review}`;
  client.socket.write(post.repeat(20));
  // It reads nothing, so it learns of the end only by writing.
  const writing = setInterval(() => client.socket.write(post), 50);
  t.after(() => clearInterval(writing));
  await client.closed();
});

test('a client that does not close after a malformed request is closed', { timeout: 5000 }, async (t) => {
  const { port, server } = await startFront(t, { bounds: { lingerTimeout: 100, drainIdleTimeout: 60_000 } });
  const client = await dial(port, { allowHalfOpen: true });
  client.socket.write('NONSENSE\r\n\r\n');
  assert.deepEqual(statuses(await client.until('Bad Request')), [400]);
  await server.drain();
  client.socket.destroy();
});

test('idle connections end soon after a drain began, and it resolves when the last is gone', {
  timeout: 5000,
}, async (t) => {
  const { port, server } = await startFront(t, { bounds: { drainIdleTimeout: 100 } });
  const used = await dial(port);
  used.socket.write(HEARTBEAT);
  await used.until('ok');
  const fresh = await dial(port);
  const handshaking = await dialTcp(port);
  const half = await dial(port);
  half.socket.write('GET /heart');
  await server.drain();
  assert.deepEqual(statuses(await used.closed()), [200]);
  await Promise.all([fresh.closed(), handshaking.closed(), half.closed()]);
  assert.equal(server.address(), undefined);
  await assert.rejects(dial(port));
});

test('an idle connection is not closed the moment a drain begins: what it asks then is answered, with close', async (t) => {
  const { port, server } = await startFront(t, { bounds: { drainIdleTimeout: 10_000 } });
  const used = await dial(port);
  used.socket.write(HEARTBEAT);
  await used.until('ok');
  const fresh = await dial(port);
  const drained = server.drain();
  for (const { socket } of [used, fresh]) socket.write(HEARTBEAT);
  assert.match(await used.closed(), /connection: close/i);
  assert.match(await fresh.closed(), /connection: close/i);
  await drained;
});

test('requests pipelined into a drain are all answered, the last with close', async (t) => {
  const { port, server } = await startFront(t);
  const client = await dial(port);
  client.socket.write(HEARTBEAT);
  await client.until('ok');
  const drained = server.drain();
  client.socket.write(HEARTBEAT.repeat(5));
  const received = await client.closed();
  assert.deepEqual(statuses(received), Array(6).fill(200));
  assert.equal(received.match(/connection: close/gi)?.length, 1);
  await drained;
});

test('requests that wait for an answer when a drain begins get it, the last with close', async (t) => {
  const review = '{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{"token":"t"}}';
  const answers: (() => void)[] = [];
  let bothAsked = () => {};
  const asked = new Promise<void>((resolve) => {
    bothAsked = resolve;
  });
  const { port, server } = await startFront(t, {
    bounds: { drainIdleTimeout: 50 },
    review: () =>
      new Promise((resolve) => {
        if (answers.push(() => resolve({ authenticated: false, refusal: 'expired' })) === 2) bothAsked();
      }),
  });
  const client = await dial(port);
  const post = `POST /authenticate HTTP/1.1\r\nHost: h\r\nContent-Length: ${review.length}\r\n\r\n${review}`;
  client.socket.write(post.repeat(2));
  await asked;
  const drained = server.drain();
  // Longer than idle connections are left: these are not idle.
  await delay(100);
  for (const answer of answers) answer();
  const received = await client.closed();
  assert.deepEqual(statuses(received), [200, 200]);
  assert.equal(received.match(/connection: close/gi)?.length, 1);
  await drained;
});

test('a drain under load fails no request', async (t) => {
  const { port, server } = await startFront(t, { bounds: { drainIdleTimeout: 500 } });
  let answered = 0;
  let begin = () => {};
  const warm = new Promise<void>((resolve) => {
    begin = resolve;
  });
  async function client(): Promise<void> {
    const { socket, until, received } = await dial(port);
    for (let sent = 1; !/connection: close/i.test(received()); sent += 1) {
      socket.write(HEARTBEAT);
      await until((text) => text.split('\r\n\r\nok').length > sent);
      answered += 1;
      if (answered === 500) begin();
    }
  }
  const clients = Array.from({ length: 16 }, client);
  await warm;
  await server.drain();
  await Promise.all(clients);
  assert.ok(answered >= 500 + 16 - 1);
});

test('close ends everything at once', async (t) => {
  const { port, server } = await startFront(t);
  const client = await dial(port);
  const raw = await dialTcp(port);
  await server.close();
  await Promise.all([client.closed(), raw.closed()]);
});
