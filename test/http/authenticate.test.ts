import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { UnavailableError } from '#src/errors.js';
import type { Review, ReviewResult } from '#src/token/review.js';
import { ask, dial, exchange, startFront, statuses } from './front.js';

/** The bytes a real kube-apiserver 1.20.2 sent, as they came. */
function sample(name: string): string {
  return readFileSync(new URL(`../../../test/http/samples/${name}.req`, import.meta.url), 'latin1');
}

const alice: ReviewResult = {
  authenticated: true,
  user: {
    username: 'alice',
    uid: '1000',
    groups: ['alice', 'dev'],
    extra: { 'authentication.kubernetes.io/credential-id': ['JTI=1'] },
  },
  audiences: ['aud-one'],
};

const no: Review = async () => ({ authenticated: false, refusal: 'expired' });

function review(spec: unknown, apiVersion = 'authentication.k8s.io/v1'): string {
  return JSON.stringify({ kind: 'TokenReview', apiVersion, spec });
}

function post(port: number, body: string | Buffer, headers: Record<string, string> = {}) {
  return ask(port, '/authenticate?timeout=30s', { method: 'POST', body, headers });
}

test('a request of a real kube-apiserver, byte for byte, is reviewed and answered in its own apiVersion', async (t) => {
  const asked: unknown[] = [];
  const { port } = await startFront(t, {
    review: async (token, audiences) => {
      asked.push([token, audiences]);
      return alice;
    },
  });
  const client = await dial(port);
  client.socket.write(sample('v1'));
  assert.deepEqual(statuses(await client.until('"apiVersion":"authentication.k8s.io/v1"')), [200]);
  client.socket.write(sample('v1beta1'));
  assert.deepEqual(statuses(await client.until('"apiVersion":"authentication.k8s.io/v1beta1"')), [200, 200]);
  client.socket.write(sample('v1-api-audiences'));
  await client.until(/(apiVersion.*){3}/s);
  client.socket.destroy();
  assert.deepEqual(asked, [
    ['x', ['https://kubernetes.default.svc']],
    ['x~v1beta1', ['https://kubernetes.default.svc']],
    ['x~aud', ['aud-one', 'aud-two']],
  ]);
});

test('a yes carries user, uid, groups, extra and the audiences, and nothing else', async (t) => {
  const { port, outcomes } = await startFront(t, { review: async () => alice });
  const answer = await post(port, review({ token: 't' }));
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.match(answer.headers['x-request-id'] as string, /^[0-9a-f-]{36}$/);
  assert.deepEqual(JSON.parse(answer.body), {
    kind: 'TokenReview',
    apiVersion: 'authentication.k8s.io/v1',
    status: { authenticated: true, user: alice.authenticated && alice.user, audiences: ['aud-one'] },
  });
  assert.deepEqual(outcomes, [{ answer: 'yes', source: '127.0.0.1' }]);
});

test('a yes without audiences leaves status.audiences out', async (t) => {
  const { port } = await startFront(t, { review: async () => ({ ...alice, audiences: undefined }) as ReviewResult });
  assert.equal('audiences' in JSON.parse((await post(port, review({ token: 't' }))).body).status, false);
});

test('a no is 200 with authenticated false and no error, counted with its reason and source', async (t) => {
  const { port, outcomes } = await startFront(t, { review: no });
  const answer = await post(port, review({ token: 't' }, 'authentication.k8s.io/v1beta1'));
  assert.equal(answer.status, 200);
  assert.deepEqual(JSON.parse(answer.body), {
    kind: 'TokenReview',
    apiVersion: 'authentication.k8s.io/v1beta1',
    status: { authenticated: false },
  });
  assert.deepEqual(outcomes, [{ answer: 'no', refusal: 'expired', source: '127.0.0.1' }]);
});

test('an empty token is a plain no that nobody is asked about', async (t) => {
  const { port, outcomes } = await startFront(t, {
    review: () => assert.fail('asked'),
  });
  const answer = await post(port, review({ token: '' }));
  assert.equal(answer.status, 200);
  assert.deepEqual(JSON.parse(answer.body).status, { authenticated: false });
  assert.deepEqual(outcomes, [{ answer: 'no', refusal: 'malformed', source: '127.0.0.1' }]);
});

test('what could not be checked is 500 with status.error naming the code alone, and never Retry-After', async (t) => {
  const faults = [
    { error: new UnavailableError('ERR_NSS_FAILED', 'ldap://secret.example failed'), code: 'ERR_NSS_FAILED' },
    { error: new TypeError('internals'), code: 'ERR_INTERNAL' },
  ];
  for (const { error, code } of faults) {
    const { port, outcomes } = await startFront(t, {
      review: () => Promise.reject(error),
    });
    const answer = await post(port, review({ token: 't' }));
    assert.equal(answer.status, 500);
    assert.equal(answer.headers['retry-after'], undefined);
    assert.deepEqual(JSON.parse(answer.body), {
      kind: 'TokenReview',
      apiVersion: 'authentication.k8s.io/v1',
      status: { authenticated: false, error: `the token could not be checked (${code})` },
    });
    assert.deepEqual(outcomes, [{ answer: 'unavailable', code, source: '127.0.0.1' }]);
  }
});

test('a yes to a user without a name is never given out', async (t) => {
  const { port } = await startFront(t, {
    review: async () => ({
      authenticated: true,
      user: { username: '', uid: '', groups: [], extra: {} },
      audiences: undefined,
    }),
  });
  const answer = await post(port, review({ token: 't' }));
  assert.equal(answer.status, 500);
  assert.equal(JSON.parse(answer.body).status.authenticated, false);
});

test('a body that is no TokenReview is answered 400 with a Kubernetes Status that names the fault', async (t) => {
  const { port } = await startFront(t, { review: () => assert.fail('asked') });
  const deep = `{"kind":"TokenReview","x":${'['.repeat(64)}${']'.repeat(64)}}`;
  const faults: [string | Buffer, RegExp][] = [
    ['', /not a JSON object/],
    ['null', /not a JSON object/],
    ['[]', /not a JSON object/],
    ['{"kind":', /not a JSON object/],
    [Buffer.from([0x22, 0xff, 0x22]), /not UTF-8/],
    [deep, /deeper than 64 levels/],
    ['{}', /kind/],
    ['{"kind":"Pod"}', /kind/],
    [review({ token: 't' }, 'authentication.k8s.io/v2'), /apiVersion/],
    [review(undefined), /spec is not an object/],
    [review([]), /spec is not an object/],
    [review({}), /spec\.token/],
    [review({ token: 7 }), /spec\.token/],
    [review({ token: null }), /spec\.token/],
    [review({ token: 't', audiences: 'a' }), /spec\.audiences is not/],
    [review({ token: 't', audiences: ['a', 1] }), /spec\.audiences is not/],
    [review({ token: 't', audiences: Array(1001).fill('a') }), /more than 1000/],
  ];
  for (const [body, message] of faults) {
    const answer = await post(port, body);
    assert.equal(answer.status, 400, String(body));
    const { message: text, ...status } = JSON.parse(answer.body);
    assert.match(text, message);
    assert.deepEqual(status, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      reason: 'BadRequest',
      code: 400,
    });
  }
});

test('1000 audiences, null audiences, 64 levels and brackets inside strings pass', async (t) => {
  const { port } = await startFront(t, { review: no });
  const extra = `${'['.repeat(63)}${']'.repeat(63)}`;
  const bodies = [
    review({ token: 't', audiences: Array(1000).fill('a') }),
    review({ token: 't', audiences: null }),
    `{"x":${extra},${review({ token: 't' }).slice(1)}`,
    review({ token: `"\\${'['.repeat(100)}` }),
  ];
  for (const body of bodies) assert.equal((await post(port, body)).status, 200);
});

test('any Content-Type will do, and a chunked body too', async (t) => {
  const { port } = await startFront(t, { review: no });
  assert.equal((await post(port, review({ token: 't' }), { 'Content-Type': 'text/html' })).status, 200);
  const body = review({ token: 'chunked' });
  const chunks = [...body].map((byte) => `1\r\n${byte}\r\n`).join('');
  const head = 'POST /authenticate HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n';
  assert.deepEqual(statuses(await exchange(port, `${head}${chunks}0\r\n\r\n`)), [200]);
});

test('an encoded body is 415, and an answer is never encoded', async (t) => {
  const { port } = await startFront(t, { review: no });
  const answer = await post(port, review({ token: 't' }), { 'Content-Encoding': 'gzip' });
  assert.equal(answer.status, 415);
  assert.equal(answer.headers['accept-encoding'], 'identity');
  assert.equal(JSON.parse(answer.body).reason, 'UnsupportedMediaType');
  const plain = await post(port, review({ token: 't' }), { 'Content-Encoding': 'identity', 'Accept-Encoding': 'gzip' });
  assert.equal(plain.status, 200);
  assert.equal(plain.headers['content-encoding'], undefined);
});

test('methods other than POST are 405 with Allow, HEAD among them', async (t) => {
  const { port } = await startFront(t, { review: no });
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    const answer = await ask(port, '/authenticate', { method });
    assert.equal(answer.status, 405, method);
    assert.equal(answer.headers.allow, 'POST');
    if (method !== 'HEAD') assert.equal(JSON.parse(answer.body).reason, 'MethodNotAllowed');
  }
});

test('a token of 1 MiB less its wrapping is reviewed; a body of one byte more than 1 MiB is 413, declared or chunked', async (t) => {
  const { port } = await startFront(t, {
    review: async (token) => ({ authenticated: false, refusal: token.length > 16_384 ? 'too long' : 'malformed' }),
  });
  const wrapping = review({ token: '' }).length;
  const whole = review({ token: 'x'.repeat(1024 * 1024 - wrapping) });
  assert.equal((await post(port, whole)).status, 200);
  for (const headers of [{}, { 'Transfer-Encoding': 'chunked' }]) {
    const answer = await post(port, `${whole} `, headers as Record<string, string>);
    assert.equal(answer.status, 413);
    assert.equal(answer.headers.connection, 'close');
    assert.equal(JSON.parse(answer.body).reason, 'RequestEntityTooLarge');
  }
});

test('a body declared far too large is answered without being read', async (t) => {
  const { port } = await startFront(t, { review: no });
  const received = await exchange(port, `POST /authenticate HTTP/1.1\r\nHost: h\r\nContent-Length: ${2 ** 40}\r\n\r\n`);
  assert.deepEqual(statuses(received), [413]);
});

test('while large bodies hold all the room, another large one is 500 and a small one is reviewed', async (t) => {
  const { port } = await startFront(t, { review: no, bounds: { largeBodiesBytes: 100_000 } });
  const large = review({ token: 'x'.repeat(80_000) });
  const holder = await dial(port);
  holder.socket.write(`POST /authenticate HTTP/1.1\r\nHost: h\r\nContent-Length: ${large.length}\r\n\r\n`);
  holder.socket.write(large.slice(0, -1));
  let answer = await post(port, large);
  // The holder's bytes may come later than another connection's.
  for (let tries = 0; answer.status === 200 && tries < 50; tries += 1) answer = await post(port, large);
  assert.equal(answer.status, 500);
  assert.equal(JSON.parse(answer.body).message, 'too many large requests at once');
  assert.equal((await post(port, review({ token: 't' }))).status, 200);
  holder.socket.write(large.slice(-1));
  await holder.until('"authenticated":false');
  assert.equal((await post(port, large)).status, 200);
  holder.socket.destroy();
});

test('a client that goes away in the middle of its body is not reviewed', async (t) => {
  const { port, outcomes, server } = await startFront(t, { review: () => assert.fail('asked') });
  const client = await dial(port);
  client.socket.write('POST /authenticate HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{');
  client.socket.end();
  await client.closed();
  await server.drain();
  assert.deepEqual(outcomes, []);
});
