/** What a person is told when a login comes to nothing: one line, which says what to do. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { explainConnection } from '#src/kubectl/login/connection-faults.js';
import { post } from '#src/kubectl/login/transport.js';
import { createCertificate } from '../harness/certificate.js';
import { setClient } from './scene.js';
import { issued, json, type StandIn, startStandIn } from './stand-in.js';

async function failing(standIn: StandIn, more: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { code, stdout, stderr } = await standIn.run(['token', ...standIn.flags, ...more], env);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^pamhook token: [^\n]+\n$/);
  return stderr;
}

describe('over TLS, a person is told', () => {
  it('of a CA that is not trusted, and how to name it', async (t) => {
    const standIn = await startStandIn(t, issued());
    const { ca } = await startStandIn(t, issued());
    assert.match(
      await failing(standIn, ['--certificate-authority', ca]),
      /CA that is not trusted.*--certificate-authority FILE/,
    );
    assert.match(
      await failing({ ...standIn, flags: standIn.flags.toSpliced(2, 2) }),
      /CA that is not trusted/,
      'the system knows no such CA',
    );
    assert.equal(standIn.requests.length, 0);
  });

  it('nothing where the system trusts the CA', async (t) => {
    const standIn = await startStandIn(t, issued());
    const other = await startStandIn(t, issued(), { certificate: await createCertificate('other') });
    const flags = standIn.flags.toSpliced(2, 2);
    const system = await standIn.run(['token', ...flags], { SSL_CERT_FILE: standIn.ca });
    assert.equal(system.code, 0, system.stderr);
    const extra = await standIn.run(['login', ...flags], { SSL_CERT_FILE: other.ca, NODE_EXTRA_CA_CERTS: standIn.ca });
    assert.equal(extra.code, 0, extra.stderr);
  });

  it('of a certificate for another name, and the names that it is for', async (t) => {
    const certificate = await createCertificate('pamhook.example.org');
    const standIn = await startStandIn(t, issued(), { certificate });
    assert.match(
      await failing(standIn),
      /is not for localhost, but for DNS:pamhook\.example\.org, IP Address:127\.0\.0\.1/,
    );
    assert.equal(standIn.requests.length, 0);
  });

  it('of a certificate that has expired, or is not valid yet, with the clock of this machine', async (t) => {
    for (const [hours, says] of [
      [-48, /has expired/],
      [48, /is not valid yet/],
    ] as const) {
      const certificate = await createCertificate('localhost', hours * 3_600_000);
      const standIn = await startStandIn(t, issued(), { certificate });
      const said = await failing(standIn);
      assert.match(said, says);
      assert.match(said, /unless this machine's clock is wrong: it says 20/);
      assert.equal(standIn.requests.length, 0);
    }
  });

  it('all of it also where the environment asks Node to check nothing', async (t) => {
    const { ca } = await startStandIn(t, issued());
    const standIn = await startStandIn(t, issued());
    const { code, stderr } = await standIn.run(['token', ...standIn.flags, '--certificate-authority', ca], {
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
    });
    assert.equal(code, 1);
    assert.match(stderr, /CA that is not trusted/);
    assert.equal(standIn.requests.length, 0);
  });

  it('that what answers speaks no TLS', async (t) => {
    const standIn = await startStandIn(t, issued());
    const plain = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    t.after(() => plain.close());
    const { port } = plain.address() as AddressInfo;
    assert.match(await failing(standIn, ['--server', `https://localhost:${port}`]), /speaks no TLS that can be used/);
  });
});

describe('where pamhook cannot be asked, a person is told', () => {
  it('that it cannot be reached', async (t) => {
    const standIn = await startStandIn(t, issued());
    // Nobody listens on the port of discard.
    assert.match(
      await failing(standIn, ['--server', 'https://127.0.0.1:9']),
      /127\.0\.0\.1:9 cannot be reached \(ECONNREFUSED\)/,
    );
    const unknown = 'https://pamhook.invalid';
    assert.match(
      await failing(standIn, ['--server', unknown]),
      /pamhook\.invalid cannot be reached \((ENOTFOUND|EAI_AGAIN)\)/,
    );
  });

  it('that it does not answer in time, which is bounded', async (t) => {
    const standIn = await startStandIn(t, () => {});
    const settings = { ca: readFileSync(standIn.ca, 'utf8'), proxyUrl: undefined, environment: {} };
    const posted = { headers: {}, contentType: 'text/plain', body: '' };
    await assert.rejects(post(new URL(standIn.server), settings, posted, 500), {
      name: 'LoginFailure',
      message: `localhost:${standIn.port} did not answer within 0.5 s`,
    });
    assert.match(
      explainConnection(Object.assign(new Error(), { code: 'ABORT_ERR' }), new URL(standIn.server)).message,
      /within 30 s$/,
    );
  });

  it('that it cannot log anybody in, after a few tries', async (t) => {
    const standIn = await startStandIn(t, json(503, { error: 'Service Unavailable' }, { 'retry-after': '1' }));
    assert.match(await failing(standIn), /cannot log anybody in now; try again in a while/);
    assert.equal(standIn.requests.length, 5);
  });

  it('that something else stands there, and no answer is followed, believed or read without end', async (t) => {
    const others: readonly (readonly [string, Parameters<typeof startStandIn>[1]])[] = [
      ['a redirect', (_, response) => response.writeHead(302, { location: 'https://localhost:1/token' }).end()],
      ['a page', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
      ['another path', json(404, { error: 'Not Found' })],
      ['no token', json(200, { token: 'a b', expirationTimestamp: new Date().toISOString(), username: 'alice' })],
      ['no time', json(200, { token: 'a.b.c', expirationTimestamp: 'soon', username: 'alice' })],
      ['an unending answer', (_, response) => response.writeHead(200).end('x'.repeat(200_000))],
    ];
    for (const [what, answer] of others) {
      const standIn = await startStandIn(t, answer);
      assert.match(await failing(standIn), /is no pamhook/, what);
      assert.equal(standIn.requests.length, 1, what);
    }
  });

  it('what pamhook itself says of a lifetime or an audience that there is not', async (t) => {
    const { run, flags } = await setClient(t);
    const token = (more: readonly string[]) =>
      run(['token', ...flags, '--password-stdin', ...more], { input: 'secret\n' });
    assert.match((await token(['--lifetime', '90d'])).stderr, /refuses what was asked for: '90d' is not a duration/);
    assert.match(
      (await token(['--audience', 'x'])).stderr,
      /refuses what was asked for: 'x' is not one of the configured/,
    );
  });
});

describe('a person whose clock is off', () => {
  const clock = (seconds: number, life: number) => async (t: TestContext) =>
    startStandIn(t, (request, response) => {
      response.setHeader('date', new Date(Date.now() + seconds * 1000).toUTCString());
      issued(life)(request, response);
    });

  it('is told so, beside the token', async (t) => {
    const standIn = await (await clock(300, 3_900_000))(t);
    const { code, stderr } = await standIn.run(['token', ...standIn.flags]);
    assert.equal(code, 0);
    assert.match(stderr, /^pamhook: note: this machine's clock is (299|300|301) s behind pamhook's; set it/);
  });

  it('gets no token that has ended here, and is told why', async (t) => {
    const standIn = await (await clock(-7200, -3_600_000))(t);
    assert.match(
      await failing(standIn),
      /had ended when it came; this machine's clock is 7\d\d\d s ahead of pamhook's: set it/,
    );
  });
});
