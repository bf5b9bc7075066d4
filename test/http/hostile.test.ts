import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { ask, basic, certificate, dial, dialTcp, exchange, issue, startFront, statuses } from './front.js';

const review = '{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{"token":"t"}}';

function get(target: string, version = '1.1', headers = 'Host: h\r\n'): string {
  return `GET ${target} HTTP/${version}\r\n${headers}Connection: close\r\n\r\n`;
}

test('/heartbeat is ok, to HEAD and HTTP/1.0 too, and 405 to other methods', async (t) => {
  const { port } = await startFront(t);
  const answer = await ask(port, '/heartbeat');
  assert.deepEqual(
    [answer.status, answer.body, answer.headers['content-type']],
    [200, 'ok', 'text/plain; charset=utf-8'],
  );
  assert.equal((await ask(port, '/heartbeat?x=y')).status, 200);
  assert.equal((await ask(port, '/heartbeat', { method: 'HEAD' })).status, 200);
  assert.match(await exchange(port, 'GET /heartbeat HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nok$/s);
  const post = await ask(port, '/heartbeat', { method: 'POST' });
  assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
});

test('a path is its bytes: none of its other spellings finds a route', async (t) => {
  const asked = () => assert.fail('asked');
  const { port } = await startFront(t, { review: asked, login: asked });
  const spellings = [
    '//authenticate',
    '/%2fauthenticate',
    '/authenticate/',
    '/Authenticate',
    '/a%75thenticate',
    '/./authenticate',
  ];
  const more = [
    '/x/../authenticate',
    '/authenticate;x',
    '/authenticate%3f',
    '/authenticate%2f',
    '/authenticate%2F',
    '/x%2f..%2fauthenticate',
    '/x/%2e%2e/authenticate',
    '/authenticate%00',
    '/authenticate%20',
    '/\\authenticate',
    '/authenticate//',
    '/%252fauthenticate',
    '///authenticate',
    '/token%2f',
    '/%2e/token',
    '/token;x=y',
    '/token%0d%0a',
    '/x%5c..%5ctoken',
    '//token',
    '/token/',
    '/Token',
    '/%74oken',
    '//',
    '/login/',
    '/Login',
    '/assets/',
    '*',
  ];
  for (const path of [...spellings, ...more]) {
    const received = await exchange(
      port,
      `POST ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${review.length}\r\n\r\n${review}`,
    );
    assert.deepEqual(statuses(received), [404], path);
  }
  const json = await ask(port, '/nowhere', { headers: { Accept: 'application/json' } });
  assert.deepEqual(JSON.parse(json.body), { error: 'Not Found' });
});

test('an absolute target is taken as its path; a target no client may send is 400', async (t) => {
  const { port } = await startFront(t);
  assert.deepEqual(statuses(await exchange(port, get('https://other.example/heartbeat'))), [200]);
  assert.deepEqual(statuses(await exchange(port, get('http://other.example:1/heartbeat?x=/authenticate'))), [200]);
  assert.deepEqual(statuses(await exchange(port, get('https://other.example'))), [200]);
  const { Authorization } = basic('alice', 'x');
  const login = `Host: h\r\nAuthorization: ${Authorization}\r\n`;
  assert.deepEqual(statuses(await exchange(port, get('https://u:p@other.example:1/token', '1.1', login))), [200]);
  const post = `POST http://h/authenticate HTTP/1.1\r\nHost: other\r\nConnection: close\r\nContent-Length: ${review.length}\r\n`;
  assert.deepEqual(statuses(await exchange(port, `${post}\r\n${review}`)), [200]);
  assert.deepEqual(statuses(await exchange(port, get('https://other.example//token', '1.1', login))), [404]);
  for (const target of ['/heartbeat#x', '/heart\xe9beat', 'ftp://h/heartbeat', 'heartbeat', 'https:///heartbeat#']) {
    assert.deepEqual(statuses(await exchange(port, get(target))), [400], target);
  }
});

test('what is no HTTP, or lacks a Host, is 400 with a request id and the connection closed', async (t) => {
  const { port } = await startFront(t);
  const shapes = [
    '\r\n\r\nHELO\r\n',
    'GET /heartbeat\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    get('/heartbeat', '1.1', ''),
    get('/heartbeat', '9.9'),
  ];
  for (const shape of shapes) {
    const received = await exchange(port, shape);
    assert.deepEqual(statuses(received), [400], shape);
    assert.match(received, /x-request-id: [0-9a-f-]{36}/i);
    assert.match(received, /connection: close/i);
  }
});

test('HTTP/1.0 is answered on every route, and its connection kept only where it asks for that', async (t) => {
  const { port } = await startFront(t);
  const login = `Authorization: ${basic('alice', 'x').Authorization}\r\n`;
  for (const request of [
    'GET /heartbeat HTTP/1.0\r\n\r\n',
    `GET /token HTTP/1.0\r\n${login}\r\n`,
    `POST /authenticate HTTP/1.0\r\nContent-Length: ${review.length}\r\n\r\n${review}`,
  ]) {
    assert.deepEqual(statuses(await exchange(port, request)), [200], request);
    const kept = request.replace('\r\n', '\r\nConnection: keep-alive\r\n');
    assert.deepEqual(statuses(await exchange(port, kept + get('/heartbeat'))), [200, 200], request);
  }
  // Nothing says where the body ends: RFC 9112, 6.3 takes it for empty.
  assert.deepEqual(statuses(await exchange(port, `POST /authenticate HTTP/1.0\r\n\r\n${review}`)), [400]);
});

test('what comes behind a request that is the last of its connection takes nothing from its answer', async (t) => {
  let answer = () => {};
  const { port } = await startFront(t, {
    review: () =>
      new Promise((resolve) => {
        answer = () => resolve({ authenticated: false, refusal: 'expired' });
      }),
  });
  const client = await dial(port);
  const head = `POST /authenticate HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${review.length}\r\n`;
  client.socket.write(`${head}\r\n${review}${get('/heartbeat')}NONSENSE`);
  client.socket.write('\0\0\0\0');
  assert.equal((await ask(port, '/heartbeat')).status, 200);
  answer();
  assert.deepEqual(statuses(await client.closed()), [200]);
});

test('a query of 15 KiB is read, whatever it holds; no login is done for a larger one', async (t) => {
  const logins: string[] = [];
  const { port } = await startFront(t, {
    login: async (request, gone) => {
      logins.push(request.username);
      return issue(request, gone);
    },
  });
  const login = `Host: h\r\nAuthorization: ${basic('alice', 'x').Authorization}\r\n`;
  const ask15 = (query: string) => exchange(port, get(`/token?${query}`, '1.1', login));
  for (const query of ['x'.repeat(15_000), 'a&'.repeat(7500), '%'.repeat(15_000), '&=?'.repeat(5000)]) {
    assert.deepEqual(statuses(await ask15(query)), [200], query.slice(0, 9));
  }
  const endless = `token-expires-in=${'9'.repeat(15_000)}`;
  assert.deepEqual(statuses(await ask15(endless)), [400]);
  assert.equal(logins.splice(0).length, 4);
  assert.deepEqual(statuses(await ask15('x'.repeat(17_000))), [431]);
  assert.deepEqual(logins, []);
});

test('headers or a query beyond 16 KiB are 431', async (t) => {
  const { port } = await startFront(t);
  assert.deepEqual(statuses(await exchange(port, get(`/heartbeat?${'x'.repeat(17_000)}`))), [431]);
  assert.deepEqual(
    statuses(await exchange(port, get('/heartbeat', '1.1', `Host: h\r\nX: ${'x'.repeat(17_000)}\r\n`))),
    [431],
  );
  const many = Array.from({ length: 9000 }, () => 'a:b\r\n').join('');
  assert.deepEqual(statuses(await exchange(port, get('/heartbeat', '1.1', `Host: h\r\n${many}`))), [431]);
});

test('a header that is repeated behind thousands of others is still seen', async (t) => {
  const { port } = await startFront(t);
  const many = Array.from({ length: 2500 }, () => 'a:\r\n').join('');
  assert.deepEqual(statuses(await exchange(port, get('/heartbeat', '1.1', `Host: h\r\n${many}Host: i\r\n`))), [400]);
});

test('TRACE is 405, CONNECT is 405 and closed, an upgrade is not taken', async (t) => {
  const { port } = await startFront(t);
  const trace = await exchange(
    port,
    'TRACE /heartbeat HTTP/1.1\r\nHost: h\r\nCookie: secret\r\nConnection: close\r\n\r\n',
  );
  assert.deepEqual(statuses(trace), [405]);
  for (const path of ['/token', '/authenticate', 'https://h/token']) {
    const traced = await exchange(port, `TRACE ${path} HTTP/1.1\r\nHost: h\r\nX: secret\r\nConnection: close\r\n\r\n`);
    assert.deepEqual(statuses(traced), [405], path);
    assert.match(traced, /^Allow: /im);
    assert.doesNotMatch(traced, /secret/);
  }
  assert.doesNotMatch(trace, /secret/);
  assert.deepEqual(statuses(await exchange(port, 'CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n')), [405]);
  const upgrade = 'Host: h\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n';
  assert.deepEqual(statuses(await exchange(port, `GET /heartbeat HTTP/1.1\r\n${upgrade}\r\n`)), [200]);
});

test('Expect: 100-continue is continued, any other expectation ignored', async (t) => {
  const { port } = await startFront(t);
  const head = (expect: string) =>
    `POST /authenticate HTTP/1.1\r\nHost: h\r\nExpect: ${expect}\r\nConnection: close\r\nContent-Length: ${review.length}\r\n\r\n${review}`;
  assert.deepEqual(statuses(await exchange(port, head('100-continue'))), [100, 200]);
  assert.deepEqual(statuses(await exchange(port, head('miracles'))), [200]);
});

test('pipelined requests are answered in order', async (t) => {
  const { port } = await startFront(t);
  const keep = 'GET /heartbeat HTTP/1.1\r\nHost: h\r\n\r\n';
  const received = await exchange(port, `${keep}${keep}GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n${get('/heartbeat')}`);
  assert.deepEqual(statuses(received), [200, 200, 404, 200]);
});

test('a request behind one that waits is never given the answer to a malformed one', async (t) => {
  let answer = () => {};
  const { port } = await startFront(t, {
    review: () =>
      new Promise((resolve) => {
        answer = () => resolve({ authenticated: false, refusal: 'expired' });
      }),
  });
  const post = `POST /authenticate HTTP/1.1\r\nHost: h\r\nContent-Length: ${review.length}\r\n\r\n${review}`;
  assert.deepEqual(statuses(await exchange(port, `${post}GARBAGE\r\n\r\n`)), []);
  answer();
});

test('more unanswered requests on one connection than the bound end it', async (t) => {
  const { port } = await startFront(t, { review: () => new Promise(() => {}), bounds: { pipelinedRequests: 3 } });
  const post = `POST /authenticate HTTP/1.1\r\nHost: h\r\nContent-Length: ${review.length}\r\n\r\n${review}`;
  assert.equal(await exchange(port, post.repeat(4)), '');
});

test('the last request a connection may carry is answered with Connection: close', async (t) => {
  const { port } = await startFront(t, { bounds: { requestsPerConnection: 2 } });
  const client = await dial(port);
  client.socket.write('GET /heartbeat HTTP/1.1\r\nHost: h\r\n\r\n');
  assert.match(await client.until('ok'), /connection: keep-alive/i);
  client.socket.write('GET /heartbeat HTTP/1.1\r\nHost: h\r\n\r\n');
  assert.match(await client.closed(), /connection: close/i);
});

test('a request id is made anew for each request, whatever the client sends', async (t) => {
  const { port } = await startFront(t);
  const ids = new Set<unknown>();
  for (const path of ['/heartbeat', '/heartbeat', '/authenticate', '/nowhere']) {
    ids.add((await ask(port, path, { headers: { 'X-Request-Id': 'mine' } })).headers['x-request-id']);
  }
  assert.equal(ids.size, 4);
  assert.equal(ids.has('mine'), false);
});

test('the access log has method, path, status, source and id, and never the query or a header', async (t) => {
  const { port, lines, server } = await startFront(t);
  const headers = { Authorization: 'Basic c2VjcmV0OnNlY3JldA==' };
  const answer = await ask(port, '/heartbeat?token-expires-in=secret', { headers });
  await exchange(port, get(`/${'x'.repeat(1000)}?secret`));
  await server.drain();
  const [first, second] = lines.filter(({ message }) => message === 'request');
  assert.equal(first?.level, 'v2');
  const { ms, ...fields } = first?.fields ?? { ms: undefined };
  assert.equal(typeof ms, 'number');
  assert.deepEqual(fields, {
    method: 'GET',
    path: '/heartbeat',
    status: 200,
    source: '127.0.0.1',
    requestId: answer.headers['x-request-id'],
  });
  assert.equal(String(second?.fields['path']).length, 256);
  assert.doesNotMatch(JSON.stringify(lines), /secret|c2VjcmV0/);
});

test('security headers are on every answer', async (t) => {
  const { port } = await startFront(t);
  for (const path of ['/heartbeat', '/token', '/nowhere', '/authenticate']) {
    const { headers } = await ask(port, path);
    assert.equal(headers['x-content-type-options'], 'nosniff', path);
    assert.equal(headers['cache-control'], 'no-store', path);
    assert.equal(headers['strict-transport-security'], undefined, path);
    assert.equal(headers['x-powered-by'], undefined, path);
  }
  assert.match((await ask(port, '/heartbeat')).headers['content-security-policy'] as string, /default-src 'none'/);
});

test('TLS 1.1 and h2 alone are not spoken, TLS 1.2 and http/1.1 are; the certificate can be replaced', async (t) => {
  const { port, server } = await startFront(t);
  const shake = (options: object) =>
    new Promise<string>((resolve) => {
      const socket = tlsConnect(
        { host: '127.0.0.1', port, ca: certificate.cert, servername: 'localhost', ...options },
        () => {
          resolve(`${socket.getProtocol()} ${socket.alpnProtocol}`);
          socket.destroy();
        },
      );
      socket.on('error', () => resolve('failed'));
    });
  assert.equal(await shake({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' }), 'failed');
  assert.equal(await shake({ ALPNProtocols: ['h2'] }), 'failed');
  assert.equal(await shake({ maxVersion: 'TLSv1.2', ALPNProtocols: ['h2', 'http/1.1'] }), 'TLSv1.2 http/1.1');
  assert.equal(
    await shake({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA' }),
    'failed',
  );
  assert.equal(await shake({}), 'TLSv1.3 false');
  const { createCertificate } = await import('../harness/certificate.js');
  assert.throws(() => server.setTls({ ...certificate, key: 'nonsense' }));
  assert.equal(await shake({}), 'TLSv1.3 false');
  server.setTls(await createCertificate());
  assert.equal(await shake({}), 'failed');
});

test('plain HTTP on the TLS port is closed, and others are served', async (t) => {
  const { port } = await startFront(t);
  const client = await dialTcp(port);
  client.socket.write('GET /heartbeat HTTP/1.1\r\nHost: h\r\n\r\n');
  assert.doesNotMatch(await client.closed(), /HTTP/);
  assert.equal((await ask(port, '/heartbeat')).status, 200);
});
