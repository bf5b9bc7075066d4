import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLoginClient } from '#src/privsep/login-client.js';
import { type FromFront, fromFront, MAX_RESPONSE } from '#src/privsep/protocol.js';
import { Secret } from '#src/secret.js';

function request(username = 'alice', password = 'hunter2') {
  const responses = [Secret.fromString(password)];
  return { requestId: 'r', username, responses, source: '192.0.2.1', lifetime: 60, audience: ['a'] };
}

function setUp(limit = 10) {
  const sent: FromFront[] = [];
  const client = createLoginClient((frame) => sent.push(frame), limit);
  return { ...client, sent };
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

  it('turns away more logins than may wait at once', async () => {
    const { login } = setUp(1);
    void login(request(), new AbortController().signal);
    await assert.rejects(login(request(), new AbortController().signal), { code: 'ERR_LOGIN_QUEUE_FULL' });
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
