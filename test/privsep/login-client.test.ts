import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLoginClient } from '#src/privsep/login-client.js';
import { type FromFront, fromFront, MAX_RESPONSE } from '#src/privsep/protocol.js';
import { Secret } from '#src/secret.js';

function request(username = 'alice', password = 'hunter2', source = '192.0.2.1') {
  const responses = [Secret.fromString(password)];
  return { requestId: 'r', username, responses, source, lifetime: 60, audience: ['a'] };
}

function setUp(limit = 10) {
  const sent: FromFront[] = [];
  const client = createLoginClient((frame) => sent.push(frame), limit);
  const loginFrom = (source: string) => client.login(request('alice', 'hunter2', source), new AbortController().signal);
  /** What the supervisor says of a login that it dropped. */
  const dropped = (id: number) =>
    client.settle({ kind: 'login-result', id, outcome: 'unavailable', code: 'ERR_LOGIN_QUEUE_FULL' });
  const told = () => sent.map((frame) => `${frame.kind} ${'id' in frame ? frame.id : ''}`);
  return { ...client, sent, loginFrom, dropped, told };
}

describe('the login client', () => {
  it('passes on what the client chose, and leaves out what it did not', () => {
    const { login, sent } = setUp();
    void login(request(), new AbortController().signal);
    void login({ ...request(), lifetime: undefined, audience: undefined }, new AbortController().signal);
    const [chosen, plain] = sent.map((frame) => (frame.kind === 'login' ? frame : assert.fail()));
    assert.deepEqual([chosen?.lifetime, chosen?.audience], [60, ['a']]);
    assert.ok(plain !== undefined && !('lifetime' in plain) && !('audience' in plain));
  });

  it('gives each login its own result', async () => {
    const { login, settle, sent } = setUp();
    const [first, second] = [
      login(request('a'), new AbortController().signal),
      login(request('b'), new AbortController().signal),
    ];
    const ids = sent.map((frame) => (frame.kind === 'login' ? frame.id : 0));
    settle({ kind: 'login-result', id: ids[1] ?? 0, outcome: 'prompted', prompts: [{ text: 'Code: ', echo: false }] });
    settle({ kind: 'login-result', id: ids[0] ?? 0, outcome: 'refused', messages: [], elapsed: 5 });
    assert.deepEqual(await first, { outcome: 'refused', messages: [], elapsed: 5 });
    assert.deepEqual(await second, { outcome: 'prompted', prompts: [{ text: 'Code: ', echo: false }] });
  });

  it('rejects, and never refuses, what could not be checked', async () => {
    const { login, settle } = setUp();
    const result = login(request(), new AbortController().signal);
    settle({ kind: 'login-result', id: 1, outcome: 'unavailable', code: 'ERR_LOGIN_OVERRUN' });
    await assert.rejects(result, { name: 'UnavailableError', code: 'ERR_LOGIN_OVERRUN' });
  });

  it('turns away more logins than may wait at once, and frees the place of one that is over', async () => {
    const { loginFrom, settle, told } = setUp(1);
    void loginFrom('192.0.2.1');
    await assert.rejects(loginFrom('192.0.2.1'), { code: 'ERR_LOGIN_QUEUE_FULL' });
    settle({ kind: 'login-result', id: 1, outcome: 'refused', messages: [], elapsed: 5 });
    void loginFrom('192.0.2.1');
    assert.deepEqual(told(), ['login 1', 'login 3']);
  });

  it('has a place for another source when one has taken them all: of that one the newest gives way, and before the other comes', async () => {
    const { loginFrom, dropped, told } = setUp(3);
    const flood = [1, 2, 3].map(() => loginFrom('192.0.2.1'));
    await assert.rejects(loginFrom('192.0.2.1'), { code: 'ERR_LOGIN_QUEUE_FULL' });
    void loginFrom('192.0.2.2');
    assert.deepEqual(told(), ['login 1', 'login 2', 'login 3', 'cancel-login 3', 'login 5']);
    dropped(3);
    await assert.rejects(flood[2] ?? assert.fail(), { code: 'ERR_LOGIN_QUEUE_FULL' });
  });

  it('takes a /64 for one source', async () => {
    const { loginFrom } = setUp(2);
    void loginFrom('2001:db8::1');
    void loginFrom('2001:db8::2');
    await assert.rejects(loginFrom('2001:db8::3'), { code: 'ERR_LOGIN_QUEUE_FULL' });
    void loginFrom('2001:db8:0:1::3');
  });

  it('gives a login that lost its place the result it has all the same, when it was running', async () => {
    const { loginFrom, settle } = setUp(2);
    const [, second] = [loginFrom('192.0.2.1'), loginFrom('192.0.2.1')];
    void loginFrom('192.0.2.2');
    settle({ kind: 'login-result', id: 2, outcome: 'refused', messages: [], elapsed: 5 });
    assert.equal((await second).outcome, 'refused');
  });

  it('never has more than twice as many open as may be, however many lose their places before the supervisor answers', async () => {
    const { loginFrom, dropped, told } = setUp(6);
    const flood = Array.from({ length: 6 }, () => loginFrom('192.0.2.1'));
    for (const host of [2, 2, 2, 3, 3, 4]) void loginFrom(`192.0.2.${host}`).catch(() => undefined);
    assert.equal(told().filter((frame) => frame.startsWith('cancel')).length, 6);
    await assert.rejects(loginFrom('192.0.2.5'), { code: 'ERR_LOGIN_QUEUE_FULL' });
    dropped(6);
    await assert.rejects(flood[5] ?? assert.fail());
    void loginFrom('192.0.2.5');
    assert.equal(told().at(-1), 'login 13');
  });

  it('cancels a login once, whoever gave it up first', () => {
    const { login, loginFrom, told } = setUp(2);
    const abort = new AbortController();
    void login(request(), new AbortController().signal);
    void login(request(), abort.signal);
    void loginFrom('192.0.2.2');
    abort.abort();
    assert.deepEqual(told(), ['login 1', 'login 2', 'cancel-login 2', 'login 3']);
  });

  it('tells the supervisor when the client goes away', () => {
    const { login, sent } = setUp();
    const abort = new AbortController();
    void login(request(), abort.signal);
    abort.abort();
    assert.deepEqual(sent.at(-1), { kind: 'cancel-login', id: 1 });
  });

  it('sends what is too long for PAM cut short, still too long, and in a frame its peer takes', () => {
    const { login, sent } = setUp();
    void login(request('\u0001'.repeat(16_000), 'p'.repeat(16_000)), new AbortController().signal);
    const [frame] = sent;
    assert.ok(frame?.kind === 'login');
    assert.equal(frame.username.length, MAX_RESPONSE);
    assert.equal(frame.responses[0]?.bytes().length, MAX_RESPONSE);
    const wire = { ...frame, responses: frame.responses.map((response) => response.bytes().toString('base64')) };
    assert.doesNotThrow(() => fromFront(JSON.parse(JSON.stringify(wire)), 'frame'));
  });
});
