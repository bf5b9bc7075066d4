/** The way to pamhook through a proxy: a real one, that of the cluster, of a flag or of the environment, and who goes past it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { isExempt, proxyFor } from '#src/kubectl/login/proxy.js';
import { createCertificate } from '../harness/certificate.js';
import { execInfo } from './exec-info.js';
import { issued, json, type StandIn, startStandIn } from './stand-in.js';

interface Proxy {
  readonly port: number;
  /** What it was asked to connect to, and by whom. */
  readonly asked: readonly (readonly [target: string | undefined, authorization: string | undefined])[];
}

/** Leads every name to the loopback: nobody else knows that of the stand-in. */
async function startProxy(
  t: TestContext,
  { answer = '200 Connection established', tls }: { answer?: string; tls?: { cert: string; key: string } } = {},
): Promise<Proxy> {
  const asked: [string | undefined, string | undefined][] = [];
  const server: Server = tls === undefined ? createServer() : createTlsServer(tls);
  server.on('connect', ({ url, headers }, socket) => {
    asked.push([url, headers['proxy-authorization']]);
    socket.write(`HTTP/1.1 ${answer}\r\n\r\n`);
    if (!answer.startsWith('200 Connection')) {
      socket.end();
      return;
    }
    const upstream = connect(Number(url?.split(':').at(-1)), '127.0.0.1');
    upstream.pipe(socket).pipe(upstream);
    for (const each of [upstream, socket]) each.on('error', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, asked };
}

/** A name that only the proxy knows: loopback goes past every proxy. */
async function behindProxy(t: TestContext): Promise<StandIn> {
  const certificate = await createCertificate('pamhook.test');
  return startStandIn(t, issued(), { certificate, host: 'pamhook.test' });
}

describe('a proxy', () => {
  it('of the environment, of the cluster, or of a flag leads to pamhook, whose certificate is checked all the same', async (t) => {
    const standIn = await behindProxy(t);
    const proxy = await startProxy(t);
    const url = `http://127.0.0.1:${proxy.port}`;
    const token = (more: readonly string[], env: NodeJS.ProcessEnv) =>
      standIn.run(['token', ...standIn.flags, '--cache', 'none', ...more], env);
    const ways: readonly (readonly [readonly string[], NodeJS.ProcessEnv])[] = [
      [[], { HTTPS_PROXY: url }],
      [[], { https_proxy: `127.0.0.1:${proxy.port}` }],
      [['--proxy-url', url], { HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '*' }],
      [[], { PAMHOOK_PROXY_URL: url }],
    ];
    for (const [more, env] of ways) {
      const { code, stderr } = await token(more, env);
      assert.equal(code, 0, stderr);
    }
    const credential = await standIn.run(
      ['credential', ...standIn.flags, '--cache', 'none'],
      execInfo({ 'proxy-url': url }),
    );
    assert.equal(credential.code, 0, credential.stderr);
    assert.deepEqual(proxy.asked, Array(5).fill([`pamhook.test:${standIn.port}`, undefined]));

    const { ca } = await startStandIn(t, issued());
    const { stderr } = await token(['--certificate-authority', ca], { HTTPS_PROXY: url });
    assert.match(stderr, /CA that is not trusted/);
    assert.equal(standIn.requests.length, 5);
  });

  it('is given its own user and password, and over TLS where it wants that', async (t) => {
    const standIn = await behindProxy(t);
    const tls = await createCertificate('localhost');
    const proxy = await startProxy(t, { tls });
    const bundle = `${standIn.home}/bundle.pem`;
    writeFileSync(bundle, tls.cert);
    const env = { HTTPS_PROXY: `https://me:p%40ss@localhost:${proxy.port}`, SSL_CERT_FILE: bundle };
    const { code, stderr } = await standIn.run(['token', ...standIn.flags], env);
    assert.equal(code, 0, stderr);
    assert.equal(proxy.asked[0]?.[1], `Basic ${Buffer.from('me:p@ss').toString('base64')}`);
    assert.equal(standIn.requests[0]?.headers['proxy-authorization'], undefined);
  });

  it('that does not lead there is told of, and what it answers itself is not taken for an answer', async (t) => {
    const standIn = await behindProxy(t);
    for (const answer of [
      '407 Proxy Authentication Required',
      '200 OK\r\nContent-Type: application/json\r\n\r\n{"token":"a.b.c"}',
    ]) {
      const proxy = await startProxy(t, { answer });
      const env = { HTTPS_PROXY: `http://me:secret@127.0.0.1:${proxy.port}` };
      const { code, stdout, stderr } = await standIn.run(['token', ...standIn.flags], env);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /the proxy 127\.0\.0\.1:\d+ does not lead to pamhook\.test:\d+ \(status (407|200)\)/);
      assert.ok(!stderr.includes('secret'));
    }
    const gone = await standIn.run(['token', ...standIn.flags], { HTTPS_PROXY: 'http://127.0.0.1:9' });
    assert.match(gone.stderr, /127\.0\.0\.1:9 cannot be reached/);
    assert.equal(standIn.requests.length, 0);
  });

  it('is not used for direct, by whatever it is named', async (t) => {
    const standIn = await startStandIn(t, json(401, { error: 'Authentication failure' }));
    const env = { ...execInfo({ 'proxy-url': 'http://127.0.0.1:9' }), HTTPS_PROXY: 'http://127.0.0.1:9' };
    const { stderr } = await standIn.run(['credential', ...standIn.flags, '--proxy-url', 'direct'], env);
    assert.match(stderr, /wrong user name or password/);
  });
});

describe('NO_PROXY', () => {
  const cases: readonly (readonly [noProxy: string, url: string, exempt: boolean])[] = [
    ['', 'https://pamhook.example.org', false],
    ['*', 'https://pamhook.example.org', true],
    ['example.org', 'https://pamhook.example.org', true],
    ['example.org', 'https://example.org', true],
    ['.example.org', 'https://pamhook.example.org', true],
    ['*.example.org', 'https://pamhook.example.org', true],
    ['.example.org', 'https://example.org', false],
    ['example.org', 'https://badexample.org', false],
    ['a.test, EXAMPLE.org ,', 'https://PAMHOOK.example.org', true],
    ['pamhook.example.org:6443', 'https://pamhook.example.org:6443', true],
    ['pamhook.example.org:6443', 'https://pamhook.example.org', false],
    ['example.org:443', 'https://example.org', true],
    ['192.0.2.1', 'https://192.0.2.1', true],
    ['192.0.2.1', 'https://192.0.2.10', false],
    ['192.0.2.0/24', 'https://192.0.2.10:6443', true],
    ['192.0.2.0/24', 'https://192.0.3.10', false],
    ['192.0.2.0/99', 'https://192.0.2.1', false],
    ['2001:db8::1', 'https://[2001:db8::1]:6443', true],
    ['[2001:db8::1]:6443', 'https://[2001:db8::1]:6443', true],
    ['2001:db8::/32', 'https://[2001:db8:5::1]', true],
    ['', 'https://localhost:6443', true],
    ['', 'https://127.0.0.2', true],
    ['', 'https://[::1]', true],
  ];
  for (const [noProxy, url, exempt] of cases) {
    it(`"${noProxy}" ${exempt ? 'exempts' : 'does not exempt'} ${url}`, () => {
      assert.equal(isExempt(new URL(url), noProxy), exempt);
    });
  }
});

describe('proxyFor()', () => {
  const url = new URL('https://pamhook.example.org');

  it('prefers what was chosen, and refuses what is no HTTP proxy without showing its password', () => {
    assert.equal(proxyFor(url, undefined, {}), undefined);
    assert.equal(proxyFor(url, undefined, { HTTPS_PROXY: 'proxy:3128' })?.href, 'http://proxy:3128/');
    assert.equal(proxyFor(url, undefined, { HTTPS_PROXY: 'proxy:3128', NO_PROXY: 'example.org' }), undefined);
    assert.equal(proxyFor(url, 'https://other', { HTTPS_PROXY: 'proxy:3128' })?.href, 'https://other/');
    assert.throws(() => proxyFor(url, 'socks5://me:secret@proxy', {}), {
      name: 'ConfigurationError',
      message: 'proxy-url socks5://…@proxy is no proxy that can be used',
    });
  });
});
