/** The page's routes, as a browser without script and as the script of the page ask them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnavailableError } from '#src/errors.js';
import type { Kubeconfigs } from '#src/http/kubeconfig.js';
import type { Login, LoginResult } from '#src/token/login.js';
import type { Vouch } from '#src/token/vouch.js';
import { type Ask, ask, issue, startFront } from './front.js';

const OWN = { 'Sec-Fetch-Site': 'same-origin' };
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded', ...OWN };
const JSON_PLEASE = { ...FORM, Accept: 'application/json' };
const HTML_PLEASE = { ...FORM, Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const unasked: Login = () => assert.fail('PAM was asked');
const answering =
  (result: LoginResult): Login =>
  async () =>
    result;

function form(fields: Readonly<Record<string, string | readonly string[]>>): string {
  const pairs = Object.entries(fields).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  );
  return new URLSearchParams(pairs).toString();
}

const ALICE = { username: 'alice', password: 'sesame' };

function post(port: number, fields: Parameters<typeof form>[0], headers: Ask['headers'] = HTML_PLEASE) {
  return ask(port, '/login', { method: 'POST', headers, body: form(fields) });
}

test('the page is HTML under a policy that allows nothing inline and nothing from elsewhere, and is never stored', async (t) => {
  const { port } = await startFront(t, { login: unasked });
  for (const [method, path] of [
    ['GET', '/'],
    ['GET', '/?username=mallory&password=x'],
    ['HEAD', '/'],
    ['GET', '/login'],
  ] as const) {
    const { status, headers, body } = await ask(port, path, { method });
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'text/html; charset=utf-8');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['referrer-policy'], 'same-origin');
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['set-cookie'], undefined);
    const policy = String(headers['content-security-policy']).split(';');
    assert.deepEqual(policy, [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      "connect-src 'self'",
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
    assert.equal(/<form method="post" action="login"/.test(body), method === 'GET');
    assert.doesNotMatch(body, /mallory/);
  }
});

test('what the page is made of has its contents in its name, and may be kept for ever', async (t) => {
  const { port } = await startFront(t);
  const { body } = await ask(port, '/');
  const paths = [...new Set([...body.matchAll(/(?:src|href)="(assets\/[^"]+)"/g)].map(([, path]) => `/${path}`))];
  const types = ['image/svg+xml', 'text/css; charset=utf-8', 'text/javascript; charset=utf-8'];
  const answers = await Promise.all(paths.map((path) => ask(port, path)));
  assert.deepEqual(answers.map(({ headers }) => headers['content-type']).sort(), types);
  for (const { status, headers } of answers) {
    assert.equal(status, 200);
    assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.match(String(headers['content-security-policy']), /^default-src 'none'/);
  }
  const [path = ''] = paths;
  assert.equal((await ask(port, path, { method: 'POST' })).headers.allow, 'GET, HEAD');
  for (const other of ['/assets/', '/assets/page.js', '/assets/../page.js', `${path}x`])
    assert.equal((await ask(port, other)).status, 404, other);
});

test('other methods are 405 with Allow', async (t) => {
  const { port } = await startFront(t, { login: unasked });
  assert.equal((await ask(port, '/', { method: 'POST', headers: OWN })).headers.allow, 'GET, HEAD');
  assert.equal((await ask(port, '/login', { method: 'PUT' })).headers.allow, 'GET, HEAD, POST');
});

test('the right password gets the page with the token, or JSON for the script, and nothing of Basic', async (t) => {
  const login: Login = async ({ username }) => ({
    outcome: 'issued',
    token: `h.${Buffer.from(JSON.stringify({ username, iss: '<i>' })).toString('base64url')}.s`,
    expiresAt: 1_700_000_000,
    username,
    messages: ['Your password expires in <b>3</b> days'],
  });
  const { port } = await startFront(t, { login });
  const page = await post(port, ALICE, { ...HTML_PLEASE, Host: 'pamhook.example.org:6443' });
  assert.equal(page.status, 200);
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(page.headers['cache-control'], 'no-store');
  for (const header of ['authorization', 'www-authenticate', 'set-cookie'])
    assert.equal(page.headers[header], undefined);
  assert.match(page.body, /id="token" data-fill="token">h\.[\w-]+\.s</);
  assert.match(page.body, /<li>Your password expires in &lt;b&gt;3&lt;\/b&gt; days<\/li>/);
  assert.match(page.body, /<dt>Issuer<\/dt><dd>&lt;i&gt;<\/dd>/);
  assert.match(page.body, /datetime="2023-11-14T22:13:20Z">2023-11-14 22:13:20 UTC</);
  assert.match(page.body, /curl [^\n]*--user alice https:\/\/pamhook\.example\.org:6443\/token/);
  const json = await post(port, ALICE, JSON_PLEASE);
  assert.equal(json.status, 200);
  const { token, ...rest } = JSON.parse(json.body);
  assert.match(token, /^h\..*\.s$/);
  assert.deepEqual(rest, {
    expirationTimestamp: '2023-11-14T22:13:20Z',
    username: 'alice',
    messages: ['Your password expires in <b>3</b> days'],
  });
});

test('a form says what is wanted: name, password, responses in order, lifetime and audience; its secrets are wiped', async (t) => {
  const seen: unknown[] = [];
  const secrets: Buffer[] = [];
  const login: Login = (request, signal) => {
    const { username, lifetime, audience, responses } = request;
    seen.push({ username, lifetime, audience, responses: responses.map((secret) => secret.bytes().toString()) });
    secrets.push(...responses.map((secret) => secret.bytes()));
    return issue(request, signal);
  };
  const { port } = await startFront(t, { login, audience: ['a', 'b', 'c'] });
  const fields = { ...ALICE, password: 'grüße&=+ %', response: ['1', '', '3'], lifetime: '90s', audience: ['c', 'a'] };
  assert.equal((await post(port, { ...fields, prompt: ['-x', '+y'] })).status, 200);
  assert.deepEqual(seen, [
    { username: 'alice', lifetime: 90, audience: ['a', 'c'], responses: ['grüße&=+ %', '1', '', '3'] },
  ]);
  for (const secret of secrets) assert.ok(secret.every((byte) => byte === 0));
  await post(port, { ...ALICE, lifetime: '' }, { ...JSON_PLEASE });
  assert.deepEqual(seen[1], { username: 'alice', lifetime: undefined, audience: undefined, responses: ['sesame'] });
});

test('what cannot be understood is said, and nobody is asked', async (t) => {
  const { port } = await startFront(t, { login: unasked, audience: ['a'] });
  for (const [fields, fault] of [
    [{ ...ALICE, lifetime: '2h' }, '2h is greater than the configured token-expiry'],
    [{ ...ALICE, lifetime: '<b>' }, "'<b>' is not a duration in whole seconds, such as 90s, 10m or 1h30m"],
    [{ ...ALICE, audience: 'x' }, "'x' is not one of the configured audiences"],
    [{ password: 'x' }, 'A user name and a password are needed.'],
    [{ ...ALICE, response: Array(9).fill('1') }, 'There are too many responses.'],
  ] as const) {
    const json = await post(port, fields, JSON_PLEASE);
    assert.equal(json.status, 400);
    assert.deepEqual(JSON.parse(json.body), { error: fault });
    const page = await post(port, fields);
    assert.equal(page.status, 400);
    assert.match(page.body, /role="alert"><strong>Not understood</);
    assert.doesNotMatch(page.body, /<b>/);
  }
  const text = { ...HTML_PLEASE, 'Content-Type': 'text/plain' };
  assert.equal((await ask(port, '/login', { method: 'POST', headers: text, body: form(ALICE) })).status, 415);
  assert.equal((await post(port, { ...ALICE, password: 'x'.repeat(9_000) })).status, 413);
});

test('a form that another site sends is refused unread, by what any browser tells of it', async (t) => {
  const { port } = await startFront(t, { login: unasked });
  const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const other = 'https://evil.example';
  const foreign: Record<string, string | string[]>[] = [
    {},
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { 'Sec-Fetch-Site': ['same-origin', 'cross-site'] },
    { 'Sec-Fetch-Site': 'cross-site', Origin: `https://127.0.0.1:${port}` },
    { Origin: other },
    { Origin: 'null' },
    { Origin: `http://127.0.0.1:${port}` },
    { Origin: 'https://127.0.0.1' },
    { Origin: [`https://127.0.0.1:${port}`, other] },
    { Origin: other, Referer: `https://127.0.0.1:${port}/` },
    { Referer: `${other}/?https://127.0.0.1:${port}/` },
    { Referer: 'https://127.0.0.1' },
    { Host: 'evil.example@127.0.0.1', Origin: 'https://127.0.0.1' },
  ];
  for (const headers of foreign) {
    const answer = await post(port, ALICE, { ...type, ...headers });
    assert.equal(answer.status, 403, JSON.stringify(headers));
    assert.match(answer.body, /<strong>Not from this page</);
    const json = await post(port, ALICE, { ...type, ...headers, Accept: 'application/json' });
    assert.deepEqual(JSON.parse(json.body), { error: 'Cross-site request refused' });
  }
});

test('a form of the page itself is taken from browsers old and new, and behind a proxy that changes the host', async (t) => {
  const { port } = await startFront(t);
  const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const own: Record<string, string>[] = [
    { 'Sec-Fetch-Site': 'same-origin', Origin: 'https://pamhook.example.org' },
    { 'Sec-Fetch-Site': 'none' },
    { Origin: `https://127.0.0.1:${port}` },
    { Referer: `https://127.0.0.1:${port}/` },
    { Host: 'PamHook.example.org:443', Origin: 'https://pamhook.example.org' },
  ];
  for (const headers of own)
    assert.equal((await post(port, ALICE, { ...type, ...headers })).status, 200, JSON.stringify(headers));
});

test('refusals are 403, later, and say a reason only where there is one; what helps is said of an expired password', async (t) => {
  const passwordHelp = 'Set a new one at https://id.example.org/<x>.';
  for (const [reason, title] of [
    [undefined, 'Not signed in'],
    ['account expired', 'Account expired'],
    ['access denied', 'Access denied'],
    ['password expired', 'Password expired'],
  ] as const) {
    const login = answering({ outcome: 'refused', messages: [], elapsed: 1_000, ...(reason && { reason }) });
    const { port, slept } = await startFront(t, { login, passwordHelp });
    const json = await post(port, ALICE, JSON_PLEASE);
    assert.equal(json.status, 403);
    assert.equal(json.headers['www-authenticate'], undefined);
    const help = reason === 'password expired' ? { help: passwordHelp } : {};
    assert.deepEqual(JSON.parse(json.body), { error: 'Authentication failure', ...(reason && { reason }), ...help });
    const page = await post(port, { ...ALICE, lifetime: '5m' });
    assert.equal(page.status, 403);
    assert.ok(page.body.includes(`<strong>${title}</strong>`), page.body);
    assert.equal(
      page.body.includes('<a href="https://id.example.org/" rel="noreferrer">'),
      reason === 'password expired',
    );
    assert.match(page.body, /name="username" value="alice"/);
    assert.match(page.body, /value="300s" selected/);
    assert.doesNotMatch(page.body, /sesame/);
    assert.deepEqual(slept, [2_000, 2_000]);
  }
});

test('too many failures are 429, held for a second, and the page says how long', async (t) => {
  const { port, slept } = await startFront(t, { login: answering({ outcome: 'throttled', retryAfter: 89_001 }) });
  for (const headers of [JSON_PLEASE, HTML_PLEASE]) {
    const answer = await post(port, ALICE, headers);
    assert.equal(answer.status, 429);
    assert.equal(answer.headers['retry-after'], '90');
    assert.match(
      answer.body,
      headers === JSON_PLEASE ? /^\{"error":"Too many failed logins"\}$/ : /another 1 minute 30 seconds/,
    );
  }
  assert.deepEqual(slept, [1_000, 1_000]);
});

test('what cannot be checked is 503, and the page says that it tells nothing about the password', async (t) => {
  for (const [error, status, retryAfter] of [
    [new UnavailableError('ERR_PAM_UNAVAILABLE', 'broken <inside>'), 503, '1'],
    [new Error('broken <inside>'), 500, undefined],
  ] as const) {
    const { port, lines } = await startFront(t, { login: async () => Promise.reject(error) });
    const page = await post(port, ALICE);
    assert.equal(page.status, status);
    assert.match(page.body, /<strong>Could not check</);
    assert.doesNotMatch(page.body, /broken|inside/);
    const json = await post(port, ALICE, JSON_PLEASE);
    for (const answer of [page, json])
      assert.deepEqual([answer.status, answer.headers['retry-after']], [status, retryAfter]);
    // The page and the other routes share one count: a line a cause and interval.
    assert.equal(lines.filter(({ message }) => message === 'a request could not be answered').length, 1);
  }
});

test('what PAM asks is asked in its words; without script the answers so far are asked again, and none is sent back', async (t) => {
  const prompts = [
    { text: 'One-time <code>: ', echo: false },
    { text: 'Favourite colour? ', echo: true },
  ];
  const { port } = await startFront(t, { login: answering({ outcome: 'prompted', prompts }) });
  const json = await post(port, ALICE, JSON_PLEASE);
  assert.equal(json.status, 403);
  assert.deepEqual(JSON.parse(json.body), { error: 'Additional response required', prompts });
  const page = await post(port, { ...ALICE, response: 'blue', prompt: '+Name of <your> pet: ' });
  assert.equal(page.status, 403);
  const labels = [...page.body.matchAll(/<label for="response-\d">([^<]*)<\/label>\s<input [^>]*type="(\w+)"/g)];
  assert.deepEqual(
    labels.map(([, words, type]) => [words, type]),
    [
      ['Name of &lt;your&gt; pet:', 'text'],
      ['One-time &lt;code&gt;:', 'password'],
      ['Favourite colour?', 'text'],
    ],
  );
  assert.doesNotMatch(page.body, /sesame|blue/);
  assert.match(page.body, /Once more, please/);
});

test('a kubeconfig comes with the JSON, or as a file for the second button; without a template there is neither', async (t) => {
  const kubeconfigs: Kubeconfigs = {
    hasExec: true,
    render: (auth) => `${auth.kind} ${auth.username} ${auth.kind === 'token' ? auth.token : ''}\n`,
  };
  const { port } = await startFront(t, { kubeconfigs: () => kubeconfigs });
  assert.match((await ask(port, '/')).body, /<button name="kubeconfig" value="token"/);
  assert.deepEqual(JSON.parse((await post(port, ALICE, JSON_PLEASE)).body).kubeconfigs, {
    token: 'token alice header.claims.signature\n',
    exec: 'exec alice \n',
  });
  const file = await post(port, { ...ALICE, kubeconfig: 'token' });
  assert.equal(file.status, 200);
  assert.equal(file.headers['content-disposition'], 'attachment; filename="kubeconfig"');
  assert.equal(file.headers['content-type'], 'application/yaml; charset=utf-8');
  assert.equal(file.headers['cache-control'], 'no-store');
  assert.equal(file.body, 'token alice header.claims.signature\n');
  const without = await startFront(t);
  assert.doesNotMatch((await ask(without.port, '/')).body, /kubeconfig"/);
  assert.match((await post(without.port, { ...ALICE, kubeconfig: 'token' })).body, /id="token"/);
  assert.equal('kubeconfigs' in JSON.parse((await post(without.port, ALICE, JSON_PLEASE)).body), false);
});

test('who comes from a proxy that lets people in is asked for no password, and still only by the page itself', async (t) => {
  const seen: unknown[] = [];
  const vouch: Vouch = async ({ username, lifetime }) => {
    seen.push([username, lifetime]);
    if (username !== 'alice') return { outcome: 'refused' };
    return { outcome: 'issued', token: 'a.b.c', expiresAt: 1_700_000_000, username };
  };
  const parts = { login: unasked, vouch, headers: { user: 'x-remote-user' }, trustedProxies: ['127.0.0.1'] };
  const { port } = await startFront(t, parts);
  const from = (user: string) => ({ 'X-Remote-User': user });
  const page = await ask(port, '/', { headers: from('<alice>') });
  assert.match(page.body, /You are signed in as <strong>&lt;alice&gt;<\/strong>/);
  assert.doesNotMatch(page.body, /type="password"|name="username"/);
  const issued = await post(port, { lifetime: '5m' }, { ...HTML_PLEASE, ...from('alice') });
  assert.match(issued.body, /id="token" data-fill="token">a\.b\.c</);
  const json = await post(port, { ...ALICE, username: 'mallory' }, { ...JSON_PLEASE, ...from('alice') });
  assert.equal(JSON.parse(json.body).username, 'alice');
  const denied = await post(port, {}, { ...HTML_PLEASE, ...from('bob') });
  assert.equal(denied.status, 403);
  assert.match(denied.body, /<strong>Access denied</);
  assert.match(denied.body, /You are signed in as <strong>bob/);
  const foreign = { ...HTML_PLEASE, 'Sec-Fetch-Site': 'cross-site', ...from('alice') };
  assert.match((await post(port, {}, foreign)).body, /Not from this page/);
  assert.deepEqual(seen, [
    ['alice', 300],
    ['alice', undefined],
    ['bob', undefined],
  ]);
});

test('a kubeconfig with the plugin asks for what was chosen', async (t) => {
  const asked: unknown[] = [];
  const kubeconfigs: Kubeconfigs = {
    hasExec: true,
    render(auth) {
      if (auth.kind === 'exec') asked.push([auth.lifetime, auth.audience]);
      return auth.kind;
    },
  };
  const { port } = await startFront(t, { kubeconfigs: () => kubeconfigs, audience: ['a', 'b'] });
  await post(port, { ...ALICE, lifetime: '600s', audience: ['a', 'b'] }, JSON_PLEASE);
  await post(port, { ...ALICE, lifetime: '90s', audience: 'b' }, JSON_PLEASE);
  assert.deepEqual(asked, [
    [undefined, undefined],
    ['1m30s', ['b']],
  ]);
  const without: Kubeconfigs = { hasExec: false, render: (auth) => auth.kind };
  const { port: other } = await startFront(t, { kubeconfigs: () => without });
  assert.deepEqual(JSON.parse((await post(other, ALICE, JSON_PLEASE)).body).kubeconfigs, { token: 'token' });
});
