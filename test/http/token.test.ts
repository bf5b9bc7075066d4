import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type ErrorCode, UnavailableError } from '#src/errors.js';
import type { Login, LoginRequest, LoginResult } from '#src/token/login.js';
import { type Ask, ask, basic, dial, exchange, issue, startFront, statuses } from './front.js';

const CHALLENGE = 'Basic realm="pamhook", charset="UTF-8"';
const JSON_PLEASE = { Accept: 'application/json' };
const refuse = (elapsed: number, reason?: 'account expired'): Login => {
  return async () => ({ outcome: 'refused', messages: [], elapsed, ...(reason && { reason }) });
};

interface Seen {
  readonly request: LoginRequest;
  /** Copied: the secrets are wiped after the login. */
  readonly responses: readonly string[];
}

/** A login that keeps what it was asked. */
function recording(seen: Seen[], result?: LoginResult): Login {
  return async (request, signal) => {
    seen.push({ request, responses: request.responses.map((secret) => secret.bytes().toString()) });
    return result ?? issue(request, signal);
  };
}

const unasked: Login = () => assert.fail('PAM was asked');

function encoded(text: string | Buffer): string {
  return Buffer.from(text).toString('base64');
}

test('the right password gets the token and a newline, and the token in an Authorization header', async (t) => {
  const seen: Seen[] = [];
  const { port, slept } = await startFront(t, { login: recording(seen) });
  for (const method of ['GET', 'POST']) {
    const answer = await ask(port, '/token', { method, headers: basic('alice', 'sesame') });
    assert.equal(answer.status, 200);
    assert.equal(answer.body, 'header.claims.signature\n');
    assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(answer.headers.authorization, 'Bearer header.claims.signature');
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.equal(answer.headers['x-powered-by'], undefined);
    assert.equal(answer.headers.etag, undefined);
    assert.equal(seen.at(-1)?.request.requestId, answer.headers['x-request-id']);
  }
  assert.deepEqual(seen[0]?.responses, ['sesame']);
  assert.deepEqual(
    { ...seen[0]?.request, requestId: '', responses: [] },
    {
      requestId: '',
      responses: [],
      source: '127.0.0.1',
      username: 'alice',
      lifetime: undefined,
      audience: undefined,
    },
  );
  assert.deepEqual(slept, []);
});

test('passwords are wiped once the login is over', async (t) => {
  const seen: LoginRequest[] = [];
  const { port } = await startFront(t, {
    login: (request, signal) => {
      seen.push(request);
      return issue(request, signal);
    },
  });
  const headers = { ...basic('alice', 'sesame'), 'X-Pamhook-Response': encoded('123456') };
  await ask(port, '/token', { headers });
  assert.deepEqual(
    seen[0]?.responses.map((secret) => [...secret.bytes()]),
    [Array(6).fill(0), Array(6).fill(0)],
  );
});

test('JSON is given to whoever prefers it, text to everybody else', async (t) => {
  const login: Login = async () => ({
    outcome: 'issued',
    token: 'a.b.c',
    expiresAt: 1_700_000_000,
    username: 'alice',
    messages: ['Your password expires in 3 days'],
  });
  const { port } = await startFront(t, { login });
  const json = ['application/json', 'application/json, */*', 'text/plain;q=0.5, application/json', 'application/*'];
  const text = [
    '*/*',
    'text/html',
    'text/plain',
    'application/json;q=0.1, text/plain',
    'application/json;q=0',
    ';;,/',
    '',
  ];
  for (const accept of json) {
    const answer = await ask(port, '/token', { headers: { ...basic('a', 'b'), Accept: accept } });
    assert.deepEqual(JSON.parse(answer.body), {
      token: 'a.b.c',
      expirationTimestamp: '2023-11-14T22:13:20Z',
      username: 'alice',
      messages: ['Your password expires in 3 days'],
    });
    assert.equal(answer.headers.authorization, 'Bearer a.b.c');
  }
  for (const accept of text) {
    const answer = await ask(port, '/token', { headers: { ...basic('a', 'b'), Accept: accept } });
    assert.equal(answer.body, 'a.b.c\n', accept);
  }
});

test('HEAD on /token logs in like GET, and is answered without a body', async (t) => {
  const seen: Seen[] = [];
  const { port } = await startFront(t, { login: recording(seen) });
  const answer = await ask(port, '/token', { method: 'HEAD', headers: basic('alice', 'sesame') });
  assert.equal(answer.status, 200);
  assert.equal(answer.body, '');
  assert.equal(answer.headers.authorization, 'Bearer header.claims.signature');
  assert.equal(seen.length, 1);
});

test('other methods are 405 with Allow', async (t) => {
  const { port } = await startFront(t, { login: unasked });
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) {
    const answer = await ask(port, '/token', { method, headers: JSON_PLEASE });
    assert.equal(answer.status, 405, method);
    assert.equal(answer.headers.allow, 'GET, HEAD, POST');
    assert.deepEqual(JSON.parse(answer.body), { error: 'Method Not Allowed' });
  }
});

test('absent or unreadable credentials are 401 with the challenge, and nobody is asked', async (t) => {
  const { port } = await startFront(t, { login: unasked });
  const unreadable = [
    '',
    'Basic',
    'Basic ',
    'Bearer abc',
    `Basic ${encoded('no colon')}`,
    `Basic ${encoded(Buffer.from([0x61, 0x3a, 0xff]))}`,
    `Basic ${encoded(Buffer.from([0xff, 0x3a, 0x61]))}`,
    'Basic YTpi=',
    'Basic YWxpY2U6eA',
    'Basic YWxpY2U6eB==',
    'Basic YWxpY2U6eA==x',
    'Basic YWxp Y2U6eA==',
    'Basic YWxpY2U6e-_=',
  ];
  const asks: Ask[] = [{}, ...unreadable.map((Authorization) => ({ headers: { Authorization } }))];
  for (const options of asks) {
    const answer = await ask(port, '/token', options);
    assert.equal(answer.status, 401, JSON.stringify(options));
    assert.equal(answer.headers['www-authenticate'], CHALLENGE);
    assert.equal(answer.body, 'Supply username and password');
  }
  const json = await ask(port, '/token', { headers: JSON_PLEASE });
  assert.deepEqual(JSON.parse(json.body), { error: 'Supply username and password' });
});

test('two Authorization headers are unreadable, whichever is right', async (t) => {
  const { port } = await startFront(t, { login: unasked });
  const header = `Authorization: Basic ${encoded('alice:sesame')}\r\n`;
  const received = await exchange(
    port,
    `GET /token HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${header}${header}\r\n`,
  );
  assert.deepEqual(statuses(received), [401]);
});

test('credentials reach the login whole: colons, UTF-8, NUL, 511 and 512 bytes, nothing at all', async (t) => {
  const seen: Seen[] = [];
  const { port } = await startFront(t, { login: recording(seen) });
  const long = [511, 512].map((length) => 'x'.repeat(length));
  const pairs = [
    ['alice', 'a:b::c:'],
    ['jürgen', 'пароль'],
    ['ali\0ce', 'se\0same'],
    ['', ''],
    ...long.map((text) => [text, text]),
  ] as [string, string][];
  for (const [username, password] of pairs) {
    assert.equal((await ask(port, '/token', { headers: basic(username, password) })).status, 200);
    assert.deepEqual([seen.at(-1)?.request.username, seen.at(-1)?.responses], [username, [password]]);
  }
  for (const scheme of ['basic', 'BASIC', 'bAsIc  ']) {
    const headers = { Authorization: `${scheme} ${encoded('a:b')}` };
    assert.equal((await ask(port, '/token', { headers })).status, 200);
  }
});

test('token-expires-in is whole minutes up to the configured number, in pam_hook’s words', async (t) => {
  const seen: Seen[] = [];
  const { port } = await startFront(t, { login: recording(seen) });
  const good = { '1': 60, '10': 600, '007': 420, '%2B5': 300, [`${'0'.repeat(5000)}9`]: 540 };
  for (const [value, lifetime] of Object.entries(good)) {
    assert.equal((await ask(port, `/token?token-expires-in=${value}`, { headers: basic('a', 'b') })).status, 200);
    assert.equal(seen.at(-1)?.request.lifetime, lifetime);
  }
  for (const query of ['token-expires-in=', 'token-expires-in', '', 'other=x&other=y', 'Token-Expires-In=x']) {
    assert.equal((await ask(port, `/token?${query}`, { headers: basic('a', 'b') })).status, 200);
    assert.equal(seen.at(-1)?.request.lifetime, undefined);
  }
});

test('a bad token-expires-in is 400 before any look at the credentials', async (t) => {
  const { port } = await startFront(t, { login: unasked });
  const bad = {
    x: "'x' is not a valid integer",
    '1.5': "'1.5' is not a valid integer",
    '1e1': "'1e1' is not a valid integer",
    '0x5': "'0x5' is not a valid integer",
    '1_0': "'1_0' is not a valid integer",
    '+5': "' 5' is not a valid integer",
    '5%20': "'5 ' is not a valid integer",
    '%D9%A3': "'٣' is not a valid integer",
    '9223372036854775808': "'9223372036854775808' is not a valid integer",
    '-9223372036854775809': "'-9223372036854775809' is not a valid integer",
    ['9'.repeat(5000)]: `'${'9'.repeat(5000)}' is not a valid integer`,
    '11': '11 is greater than the configured token-expiry',
    '0011': '11 is greater than the configured token-expiry',
    '9223372036854775807': '9223372036854775807 is greater than the configured token-expiry',
    '0': '0 is not a positive number of minutes',
    '-0': '0 is not a positive number of minutes',
    '-5': '-5 is not a positive number of minutes',
    '5&token-expires-in=5': 'token-expires-in is given more than once',
  };
  for (const [value, text] of Object.entries(bad)) {
    for (const headers of [{}, basic('a', 'b')]) {
      const answer = await ask(port, `/token?token-expires-in=${value}`, { headers });
      assert.deepEqual([answer.status, answer.body], [400, text]);
      assert.equal(answer.headers['www-authenticate'], undefined);
    }
  }
  const json = await ask(port, '/token?token-expires-in=x', { headers: JSON_PLEASE });
  assert.deepEqual(JSON.parse(json.body), { error: "'x' is not a valid integer" });
});

test('further responses follow the password, one header each and in order', async (t) => {
  const seen: Seen[] = [];
  const { port } = await startFront(t, { login: recording(seen) });
  const responses = ['123456', 'ключ', '', 'a, b', '5', '6', '7', '8'];
  const headers = { ...basic('alice', 'sesame'), 'X-Pamhook-Response': responses.map(encoded) };
  assert.equal((await ask(port, '/token', { headers })).status, 200);
  assert.deepEqual(seen[0]?.responses, ['sesame', ...responses]);
});

test('an unreadable further response, or a ninth, is 400 and nobody is asked', async (t) => {
  const { port } = await startFront(t, { login: unasked });
  const bad = [['%'], ['MTIz NDU2'], ['MTIzNDU'], ['/w=='], ['MQ==', 'x'], Array(9).fill('MQ==')];
  for (const values of bad) {
    const answer = await ask(port, '/token', { headers: { ...basic('a', 'b'), 'X-Pamhook-Response': values } });
    assert.equal(answer.status, 400, String(values));
  }
});

test('a body of 8 KiB of no media type is read and ignored, a larger one is 413 and nobody is asked', async (t) => {
  const seen: Seen[] = [];
  const { port } = await startFront(t, { login: recording(seen) });
  const options = { method: 'POST', headers: { ...basic('a', 'b'), ...JSON_PLEASE } };
  assert.equal((await ask(port, '/token', { ...options, body: 'x'.repeat(8192) })).status, 200);
  const answer = await ask(port, '/token', { ...options, body: 'x'.repeat(8193) });
  assert.equal(answer.status, 413);
  assert.deepEqual(JSON.parse(answer.body), { error: 'Content Too Large' });
  assert.equal(seen.length, 1);
});

test('refusals are alike in status, headers and body', async (t) => {
  let elapsed = 0;
  const { port } = await startFront(t, {
    login: async (request, signal) => {
      elapsed += 7;
      return refuse(elapsed)(request, signal);
    },
  });
  const seen = new Set<string>();
  for (const [name, password] of [
    ['alice', 'wrong'],
    ['nobody-here', 'x'],
    ['', ''],
    ['x'.repeat(512), 'y\0'],
  ] as const) {
    const { status, rawHeaders, body } = await ask(port, '/token', { headers: basic(name, password) });
    const fixed = rawHeaders.map((value, index) =>
      /^(date|x-request-id)$/i.test(rawHeaders[index - 1] ?? '') ? '' : value,
    );
    seen.add(JSON.stringify([status, fixed, body]));
    assert.equal(status, 401);
    assert.equal(body, 'Authentication failure');
  }
  assert.equal(seen.size, 1);
});

test('a reason is added when there is one; JSON carries it apart', async (t) => {
  const { port } = await startFront(t, { login: refuse(0, 'account expired') });
  const text = await ask(port, '/token', { headers: basic('a', 'b') });
  assert.deepEqual([text.status, text.body], [401, 'Authentication failure: account expired']);
  assert.equal(text.headers['www-authenticate'], CHALLENGE);
  const json = await ask(port, '/token', { headers: { ...basic('a', 'b'), ...JSON_PLEASE } });
  assert.deepEqual(JSON.parse(json.body), { error: 'Authentication failure', reason: 'account expired' });
});

test('a refusal waits until the delay, or its next multiple, has passed since the transaction began', async (t) => {
  for (const [elapsed, waited] of [
    [0, 3000],
    [25.5, 2975],
    [3000, 0],
    [3001, 2999],
    [7000, 2000],
  ] as const) {
    for (const reason of [undefined, 'account expired'] as const) {
      const { port, slept } = await startFront(t, { login: refuse(elapsed, reason) });
      assert.equal((await ask(port, '/token', { headers: basic('a', 'b') })).status, 401);
      assert.deepEqual(slept, [waited]);
    }
  }
});

test('a refusal is not answered before its wait is over', async (t) => {
  let wake = () => {};
  const asleep = new Promise<void>((resolve) => {
    wake = resolve;
  });
  let waiting = () => {};
  const began = new Promise<void>((resolve) => {
    waiting = resolve;
  });
  const { port } = await startFront(t, {
    login: refuse(10),
    sleep: () => {
      waiting();
      return asleep;
    },
  });
  const client = await dial(port);
  client.socket.write(`GET /token HTTP/1.1\r\nHost: h\r\nAuthorization: Basic ${encoded('a:b')}\r\n\r\n`);
  await began;
  // Another whole exchange: time enough for an answer that did not wait.
  await ask(port, '/heartbeat');
  assert.equal(client.received(), '');
  wake();
  await client.until('Authentication failure');
  client.socket.destroy();
});

test('a client that goes away aborts its login', async (t) => {
  let aborted = () => {};
  const gone = new Promise<void>((resolve) => {
    aborted = resolve;
  });
  const client: { leave?: () => void } = {};
  const { port, lines, server } = await startFront(t, {
    login: (_request, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted();
          reject(new UnavailableError('ERR_LOGIN_UNAVAILABLE', 'the client has gone'));
        });
        client.leave?.();
      }),
  });
  const { socket } = await dial(port);
  client.leave = () => socket.destroy();
  socket.write(`GET /token HTTP/1.1\r\nHost: h\r\nAuthorization: Basic ${encoded('a:b')}\r\n\r\n`);
  await gone;
  await server.drain();
  assert.deepEqual(
    lines.filter(({ level }) => level === 'warn'),
    [],
  );
  assert.equal(lines.find(({ message }) => message === 'request')?.fields['status'], 'cut off');
});

test('a client that goes away aborts all the logins it has pipelined', async (t) => {
  const aborted: string[] = [];
  const asked: string[] = [];
  const { port, lines, server } = await startFront(t, {
    login: ({ username }, signal) =>
      new Promise((_resolve, reject) => {
        asked.push(username);
        signal.addEventListener('abort', () => {
          aborted.push(username);
          reject(new UnavailableError('ERR_LOGIN_UNAVAILABLE', 'the client has gone'));
        });
        if (asked.length === 3) socket.destroy();
      }),
  });
  const { socket } = await dial(port);
  const request = (name: string) =>
    `GET /token HTTP/1.1\r\nHost: h\r\nAuthorization: Basic ${encoded(`${name}:x`)}\r\n\r\n`;
  socket.write(['a', 'b', 'c'].map(request).join(''));
  while (aborted.length < 3) await delay(5);
  await server.drain();
  assert.deepEqual(aborted.sort(), ['a', 'b', 'c']);
  const requests = lines.filter(({ message }) => message === 'request');
  assert.deepEqual(
    requests.map(({ fields }) => fields['status']),
    Array(3).fill('cut off'),
    'each once',
  );
});

test('a client that goes away frees the timer of its refusal', async (t) => {
  const client: { leave?: () => void } = {};
  let freed = () => {};
  const done = new Promise<void>((resolve) => {
    freed = resolve;
  });
  const { port } = await startFront(t, {
    login: refuse(0),
    sleep: async (milliseconds, signal) => {
      client.leave?.();
      await delay(milliseconds * 1000, undefined, { signal }).catch(freed);
      throw new Error('woken');
    },
  });
  const { socket } = await dial(port);
  client.leave = () => socket.destroy();
  socket.write(`GET /token HTTP/1.1\r\nHost: h\r\nAuthorization: Basic ${encoded('a:b')}\r\n\r\n`);
  await done;
});

test('prompts without a response are answered at once, and named in JSON', async (t) => {
  const prompts = [{ text: 'One-time code: ', echo: false }];
  const { port, slept } = await startFront(t, { login: async () => ({ outcome: 'prompted', prompts }) });
  const text = await ask(port, '/token', { headers: basic('a', 'b') });
  assert.deepEqual([text.status, text.body], [401, 'Additional response required']);
  assert.equal(text.headers['www-authenticate'], CHALLENGE);
  const json = await ask(port, '/token', { headers: { ...basic('a', 'b'), ...JSON_PLEASE } });
  assert.deepEqual(JSON.parse(json.body), { error: 'Additional response required', prompts });
  assert.deepEqual(slept, []);
});

test('a login that could not be answered is 503 with Retry-After, never a refusal, and tells no internals', async (t) => {
  const codes: ErrorCode[] = ['ERR_PAM_UNAVAILABLE', 'ERR_LOGIN_OVERRUN', 'ERR_LOGIN_QUEUE_FULL', 'ERR_NSS_FAILED'];
  for (const code of codes) {
    const { port } = await startFront(t, { login: () => Promise.reject(new UnavailableError(code, 'internals')) });
    const text = await ask(port, '/token', { headers: basic('a', 'b') });
    assert.deepEqual([text.status, text.body], [503, 'Service Unavailable']);
    assert.equal(text.headers['retry-after'], '1');
    assert.equal(text.headers['www-authenticate'], undefined);
    const json = await ask(port, '/token', { headers: { ...basic('a', 'b'), ...JSON_PLEASE } });
    assert.deepEqual(JSON.parse(json.body), { error: 'Service Unavailable' });
  }
});

test('logins that cannot be answered make one line a cause in the log, however many there are', async (t) => {
  const { port, lines } = await startFront(t, {
    login: ({ username }) =>
      Promise.reject(new UnavailableError(username === 'a' ? 'ERR_LOGIN_QUEUE_FULL' : 'ERR_NSS_FAILED', 'internals')),
  });
  for (const user of ['a', 'b', ...Array.from({ length: 20 }, () => 'a')]) {
    assert.equal((await ask(port, '/token', { headers: basic(user, 'b') })).status, 503);
  }
  const told = lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields['code']);
  assert.deepEqual(told, ['ERR_LOGIN_QUEUE_FULL', 'ERR_NSS_FAILED']);
});

test('a fault of pamhook itself is 500 without its text, and the server goes on', async (t) => {
  const { port, lines } = await startFront(t, { login: () => Promise.reject(new TypeError('internals')) });
  const answer = await ask(port, '/token', { headers: basic('a', 'b') });
  assert.deepEqual([answer.status, answer.body], [500, 'Internal Server Error']);
  assert.equal(answer.headers['retry-after'], undefined);
  assert.equal(lines.find(({ level }) => level === 'warn')?.fields['code'], 'ERR_INTERNAL');
  assert.equal((await ask(port, '/heartbeat')).status, 200);
});
