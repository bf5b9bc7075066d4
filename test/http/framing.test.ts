/** Requests whose end two parsers could see in two places: none hides another, and what is well framed is answered to the last. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { ask, basic, dial, exchange, issue, startFront, statuses } from './front.js';

/** What is smuggled: a login. */
const HIDDEN = `GET /token HTTP/1.1\r\nHost: h\r\nAuthorization: ${basic('alice', 'x').Authorization}\r\nConnection: close\r\n\r\n`;
const POST = 'POST /authenticate HTTP/1.1\r\nHost: h\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const END = '0\r\n\r\n';

/** A front that counts what it was made to do. */
async function countingFront(t: TestContext) {
  const done = { logins: 0, reviews: 0 };
  const { port } = await startFront(t, {
    login: (request, gone) => {
      done.logins += 1;
      return issue(request, gone);
    },
    review: async () => {
      done.reviews += 1;
      return { authenticated: false, refusal: 'expired' };
    },
  });
  return { port, done };
}

/** By what is wrong; each is refused with its connection, and nothing behind it is looked at. */
const REFUSED: Record<string, Record<string, string>> = {
  'two lengths': {
    'length and chunks': `${POST}Content-Length: 5\r\n${CHUNKED}\r\n${END}`,
    'chunks and length': `${POST}${CHUNKED}Content-Length: 5\r\n\r\n${END}`,
    'chunks and no length': `${POST}${CHUNKED}Content-Length: 0\r\n\r\n${END}`,
    'two lengths': `${POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345`,
    'the same length twice': `${POST}Content-Length: 5\r\nContent-Length: 5\r\n\r\n12345`,
    'a list of one length': `${POST}Content-Length: 5, 5\r\n\r\n12345`,
    'a length in the trailers': `${POST}${CHUNKED}\r\n0\r\nContent-Length: 50\r\n\r\n`,
    'chunks in the trailers': `${POST}${CHUNKED}\r\n0\r\n${CHUNKED}\r\n`,
  },
  'a length that is none': {
    empty: `${POST}Content-Length: \r\n\r\n`,
    signed: `${POST}Content-Length: +5\r\n\r\n12345`,
    negative: `${POST}Content-Length: -1\r\n\r\n`,
    hexadecimal: `${POST}Content-Length: 0x5\r\n\r\n12345`,
    broken: `${POST}Content-Length: 5.0\r\n\r\n12345`,
    'two to the 64th and five': `${POST}Content-Length: 18446744073709551621\r\n\r\n12345`,
    'with a space that is none': `${POST}Content-Length: \xa05\r\n\r\n12345`,
    'with a space before the colon': `${POST}Content-Length : 5\r\n\r\n12345`,
  },
  'a coding that is not chunked': {
    another: `${POST}Transfer-Encoding: xchunked\r\n\r\n${END}`,
    'chunked, then another': `${POST}Transfer-Encoding: chunked, identity\r\n\r\n${END}`,
    'another, then chunked': `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n${END}`,
    'none, then chunked': `${POST}Transfer-Encoding: identity, chunked\r\n\r\n${END}`,
    none: `${POST}Transfer-Encoding: identity\r\n\r\n`,
    empty: `${POST}Transfer-Encoding: \r\n\r\n`,
    twice: `${POST}${CHUNKED}${CHUNKED}\r\n${END}`,
    'twice in a list': `${POST}Transfer-Encoding: chunked, chunked\r\n\r\n${END}`,
    'with another header': `${POST}${CHUNKED}Transfer-Encoding: identity\r\n\r\n${END}`,
    'with a comma before': `${POST}Transfer-Encoding: ,chunked\r\n\r\n${END}`,
    'with a comma behind': `${POST}Transfer-Encoding: chunked,\r\n\r\n${END}`,
    'with a parameter': `${POST}Transfer-Encoding: chunked;q=1\r\n\r\n${END}`,
    quoted: `${POST}Transfer-Encoding: "chunked"\r\n\r\n${END}`,
    'behind a vertical tab': `${POST}Transfer-Encoding: \vchunked\r\n\r\n${END}`,
    'before a form feed': `${POST}Transfer-Encoding: chunked\f\r\n\r\n${END}`,
    'on a line of its own': `${POST}Transfer-Encoding:\r\n chunked\r\n\r\n${END}`,
    'with a space before the colon': `${POST}Transfer-Encoding : chunked\r\n\r\n${END}`,
    'in HTTP/1.0': `POST /authenticate HTTP/1.0\r\nConnection: keep-alive\r\n${CHUNKED}\r\n${END}`,
  },
  'a chunk that is none': {
    hexadecimal: `${POST}${CHUNKED}\r\n0x5\r\n12345\r\n${END}`,
    negative: `${POST}${CHUNKED}\r\n-1\r\n`,
    signed: `${POST}${CHUNKED}\r\n+5\r\n12345\r\n${END}`,
    endless: `${POST}${CHUNKED}\r\nffffffffffffffff1\r\n`,
    'two to the 64th and five': `${POST}${CHUNKED}\r\n10000000000000005\r\n12345\r\n${END}`,
    'with an underscore': `${POST}${CHUNKED}\r\n0_5\r\n12345\r\n${END}`,
    'behind a space': `${POST}${CHUNKED}\r\n 5\r\n12345\r\n${END}`,
    'before a space': `${POST}${CHUNKED}\r\n5 \r\n12345\r\n${END}`,
    'without a size': `${POST}${CHUNKED}\r\n\r\n\r\n`,
    'longer than its size': `${POST}${CHUNKED}\r\n5\r\n123456\r\n${END}`,
    'with a line feed alone behind its size': `${POST}${CHUNKED}\r\n5\n12345\r\n${END}`,
    'with a line feed alone behind its bytes': `${POST}${CHUNKED}\r\n5\r\n12345\n${END}`,
    'with an extension that ends in a line feed': `${POST}${CHUNKED}\r\n5;a\n12345\r\n${END}`,
    'with an extension that ends in a carriage return': `${POST}${CHUNKED}\r\n5;a\r12345\r\n${END}`,
  },
  'lines that end otherwise': {
    'all in line feeds': 'GET /heartbeat HTTP/1.1\nHost: h\n\n',
    'the first in a line feed': 'GET /heartbeat HTTP/1.1\nHost: h\r\n\r\n',
    'the last in a line feed': 'GET /heartbeat HTTP/1.1\r\nHost: h\r\n\n',
    'a header in a line feed': `${POST}X: a\nContent-Length: 0\r\n\r\n`,
    'a header in a carriage return': `${POST}X: a\rContent-Length: 5\r\n\r\n12345`,
    'the headers in carriage returns': 'GET /heartbeat HTTP/1.1\r\nHost: h\r\r\n',
    'a header that goes on in the next line': `${POST}X: a\r\n b\r\nContent-Length: 0\r\n\r\n`,
    'a length that goes on in the next line': `${POST}Content-Length: 5 \r\n 6\r\n\r\n12345`,
    'a first header that goes on': 'POST /authenticate HTTP/1.1\r\n Host: h\r\n\r\n',
  },
  'headers that are none': {
    'without a colon': `${POST}foo\r\n\r\n`,
    'without a name': `${POST}: foo\r\n\r\n`,
    'a NUL in the name': `${POST}X: a\r\n\0: b\r\n\r\n`,
    'a NUL in the value': `${POST}X: a\0b\r\n\r\n`,
    'a name beyond ASCII': `${POST}X\xff: a\r\n\r\n`,
    'two hosts': `${POST}Host: two\r\n\r\n`,
    'no host': 'GET /heartbeat HTTP/1.1\r\n\r\n',
  },
  'first lines that are none': {
    'a space in the path': 'GET /heart beat HTTP/1.1\r\nHost: h\r\n\r\n',
    'a tab for a space': 'GET\t/heartbeat HTTP/1.1\r\nHost: h\r\n\r\n',
    'a method in small letters': 'get /heartbeat HTTP/1.1\r\nHost: h\r\n\r\n',
    'a protocol in small letters': 'GET /heartbeat http/1.1\r\nHost: h\r\n\r\n',
    'no version': 'GET /heartbeat\r\n\r\n',
    'HTTP/0.9': 'GET /heartbeat HTTP/0.9\r\n\r\n',
    'HTTP/1.2': 'GET /heartbeat HTTP/1.2\r\nHost: h\r\n\r\n',
    'HTTP/2.0': 'GET /heartbeat HTTP/2.0\r\nHost: h\r\n\r\n',
    'HTTP/2.0 with its preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a fragment': 'GET /heartbeat#x HTTP/1.1\r\nHost: h\r\n\r\n',
  },
};

/** Each is answered, and so is the request behind it. */
const TAKEN: Record<string, [string, number]> = {
  'a length with leading zeros': [`${POST}Content-Length: 005\r\n\r\n12345`, 400],
  'a length between tabs and spaces': [`${POST}Content-Length:\t5 \r\n\r\n12345`, 400],
  'a length by another name': [`${POST}Content_Length: 5\r\n\r\n`, 400],
  'a length that Connection names': [`${POST}Connection: Content-Length\r\nContent-Length: 5\r\n\r\n12345`, 400],
  'chunks in capitals': [`${POST}TRANSFER-ENCODING:\tCHUNKED\r\n\r\n${END}`, 400],
  'a last chunk of many zeros': [`${POST}${CHUNKED}\r\n00000\r\n\r\n`, 400],
  'chunks with extensions': [`${POST}${CHUNKED}\r\n5;a=b;c="d"\r\n12345\r\n${END}`, 400],
  trailers: [`${POST}${CHUNKED}\r\n0\r\nX: y\r\nHost: other\r\n\r\n`, 400],
  'a body of GET': ['GET /heartbeat HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n12345', 200],
  'chunks of GET': [`GET /heartbeat HTTP/1.1\r\nHost: h\r\n${CHUNKED}\r\n5\r\n12345\r\n${END}`, 200],
  'empty lines before': ['\r\n\r\nGET /heartbeat HTTP/1.1\r\nHost: h\r\n\r\n', 200],
  'HTTP/1.0 that keeps its connection': ['GET /heartbeat HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', 200],
};

describe('framing', () => {
  for (const [fault, shapes] of Object.entries(REFUSED)) {
    it(`refuses ${fault}, and does nothing that stands behind`, async (t) => {
      const { port, done } = await countingFront(t);
      for (const [name, shape] of Object.entries(shapes)) {
        const received = await exchange(port, shape + HIDDEN);
        assert.match(String(statuses(received)), /^(400|501|505)$/, `${name}: ${received}`);
        assert.match(received, /connection: close/i, name);
        assert.match(received, /x-request-id: [0-9a-f-]{36}/i, name);
        assert.deepEqual(done, { logins: 0, reviews: 0 }, name);
      }
    });
  }

  it('takes what can be read in one way only, and what stands behind it', async (t) => {
    const { port, done } = await countingFront(t);
    for (const [name, [shape, status]] of Object.entries(TAKEN)) {
      assert.deepEqual(statuses(await exchange(port, shape + HIDDEN)), [status, 200], name);
    }
    assert.deepEqual(done, { logins: Object.keys(TAKEN).length, reviews: 0 });
  });

  it('looks at nothing behind a fault while a request before it waits for its answer', async (t) => {
    let answer = () => {};
    const { port } = await startFront(t, {
      login: () => assert.fail('a hidden login was done'),
      review: () =>
        new Promise((resolve) => {
          answer = () => resolve({ authenticated: false, refusal: 'expired' });
        }),
    });
    const review = '{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{"token":"t"}}';
    const waiting = `${POST}Content-Length: ${review.length}\r\n\r\n${review}`;
    const client = await dial(port);
    client.socket.write(`${waiting}${POST}Transfer-Encoding: gzip, chunked\r\n\r\n${END}${HIDDEN}`);
    assert.equal((await ask(port, '/heartbeat')).status, 200);
    answer();
    assert.deepEqual(statuses(await client.closed()), [200, 501]);
  });

  it('takes no credentials from trailers', async (t) => {
    const { port, done } = await countingFront(t);
    const trailer = `0\r\nAuthorization: ${basic('alice', 'x').Authorization}\r\n\r\n`;
    const received = await exchange(
      port,
      `POST /token HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${CHUNKED}\r\n${trailer}`,
    );
    assert.deepEqual(statuses(received), [401]);
    assert.equal(done.logins, 0);
  });

  it('bounds the extensions of chunks, and the trailers', async (t) => {
    const { port } = await countingFront(t);
    const extended = `${POST}${CHUNKED}\r\n5;${'x'.repeat(17_000)}\r\n12345\r\n${END}`;
    assert.match(String(statuses(await exchange(port, extended + HIDDEN))), /^(400|413)$/);
    const trailed = `${POST}${CHUNKED}\r\n0\r\n${'name: value\r\n'.repeat(4000)}\r\n`;
    assert.match(String(statuses(await exchange(port, trailed + HIDDEN))), /^(400|431)$/);
  });
});

describe('another protocol', () => {
  it('by Upgrade is not changed to: the request is answered, and the connection closed', async (t) => {
    const { port, done } = await countingFront(t);
    for (const upgrade of [
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\nSec-WebSocket-Version: 13\r\n',
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n',
      'Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n',
    ]) {
      const received = await exchange(port, `GET /heartbeat HTTP/1.1\r\nHost: h\r\n${upgrade}\r\n${HIDDEN}`);
      // What came in one piece with it is lost in Node's parser: that is why the connection is closed.
      assert.deepEqual(statuses(received), [200]);
      assert.match(received, /connection: close/i);
    }
    assert.equal(done.logins, 0);
  });
});
