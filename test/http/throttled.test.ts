import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sleep } from '#src/http/refusal-delay.js';
import type { Login } from '#src/token/login.js';
import { ask, basic, dial, issue, startFront, statuses } from './front.js';

const throttle =
  (retryAfter: number): Login =>
  async () => ({ outcome: 'throttled', retryAfter });

const GET = `GET /token HTTP/1.1\r\nHost: h\r\nAuthorization: ${basic('alice', 'x').Authorization}\r\n\r\n`;
const SPOKEN_FOR = (source: string) => GET.replace('Host: h', `Host: h\r\nX-Forwarded-For: ${source}`);

/** Sleeps that last until the test ends them, or the client goes away. */
function held() {
  const sleepers = new Set<() => void>();
  const asked: number[] = [];
  const sleep: Sleep = (milliseconds, signal) => {
    asked.push(milliseconds);
    return new Promise((resolve, reject) => {
      const end = () => {
        sleepers.delete(end);
        resolve();
      };
      sleepers.add(end);
      signal.addEventListener('abort', () => {
        sleepers.delete(end);
        reject(signal.reason);
      });
    });
  };
  const reach = async (count: number) => {
    while (sleepers.size !== count) await new Promise((resolve) => setImmediate(resolve));
  };
  const wake = () => {
    for (const end of [...sleepers]) end();
  };
  return { sleep, asked, reach, wake };
}

test('too many failures are 429, with the seconds to wait rounded up, as text or JSON, and no challenge', async (t) => {
  for (const [milliseconds, seconds] of [
    [1, '1'],
    [1_000, '1'],
    [1_001, '2'],
    [3_600_000, '3600'],
  ] as const) {
    const { port, slept } = await startFront(t, { login: throttle(milliseconds) });
    const answer = await ask(port, '/token', { headers: basic('alice', 'x') });
    assert.equal(answer.status, 429);
    assert.equal(answer.headers['retry-after'], seconds);
    assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['www-authenticate'], undefined);
    assert.equal(answer.body, 'Too many failed logins');
    const json = await ask(port, '/token', { headers: { ...basic('alice', 'x'), Accept: 'application/json' } });
    assert.deepEqual(JSON.parse(json.body), { error: 'Too many failed logins' });
    assert.deepEqual(slept, [1_000, 1_000], 'held for a second');
  }
});

test('64 answers are held at once for one source; one more has its connection closed, another source is served', async (t) => {
  const { sleep, reach, wake } = held();
  const login: Login = (request, signal) =>
    request.source === '127.0.0.9' ? issue(request, signal) : throttle(1_000)(request, signal);
  const { port } = await startFront(t, { login, sleep });
  const clients = await Promise.all(Array.from({ length: 64 }, () => dial(port, { localAddress: '127.0.0.2' })));
  for (const { socket } of clients) socket.write(GET);
  await reach(64);
  const beyond = await dial(port, { localAddress: '127.0.0.2' });
  beyond.socket.write(GET);
  assert.equal(await beyond.closed(), '');
  const innocent = await dial(port, { localAddress: '127.0.0.9' });
  innocent.socket.write(GET);
  await innocent.until('signature\n');
  const throttledElsewhere = await dial(port, { localAddress: '127.0.0.3' });
  throttledElsewhere.socket.write(GET);
  await reach(65);
  wake();
  for (const client of [...clients, throttledElsewhere]) {
    assert.deepEqual(statuses(await client.until('Too many failed logins')), [429]);
    client.socket.destroy();
  }
  innocent.socket.destroy();
});

test('one client that goes away makes room, and so does an answer that was given', async (t) => {
  const { sleep, reach, wake } = held();
  const { port } = await startFront(t, { login: throttle(1_000), sleep, bounds: { throttledHeld: 1 } });
  for (const end of ['leave', 'wake', 'wake']) {
    const client = await dial(port);
    client.socket.write(GET);
    await reach(1);
    if (end === 'leave') client.socket.destroy();
    else {
      wake();
      await client.until('Too many failed logins');
      client.socket.destroy();
    }
    await reach(0);
  }
});

test('requests pipelined on one connection are held one by one', async (t) => {
  const { sleep, reach, wake } = held();
  const { port } = await startFront(t, { login: throttle(1_000), sleep, bounds: { throttledHeld: 3 } });
  const client = await dial(port);
  client.socket.write(GET.repeat(3));
  await reach(3);
  client.socket.write(GET);
  assert.equal(await client.closed(), '');
  wake();
});

test('a /64 is one source, and those a proxy speaks for are counted each', async (t) => {
  const { sleep, reach, wake } = held();
  const { port } = await startFront(t, {
    login: throttle(1_000),
    sleep,
    bounds: { throttledHeld: 1 },
    trustedProxies: ['127.0.0.1'],
  });
  const [first, second, same] = [await dial(port), await dial(port), await dial(port)];
  first.socket.write(SPOKEN_FOR('2001:db8::1'));
  await reach(1);
  second.socket.write(SPOKEN_FOR('2001:db8:0:1::1'));
  await reach(2);
  same.socket.write(SPOKEN_FOR('2001:db8::2'));
  assert.equal(await same.closed(), '');
  wake();
  for (const { socket } of [first, second]) socket.destroy();
});
