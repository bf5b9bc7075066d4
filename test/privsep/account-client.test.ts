import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createAccountClient } from '#src/privsep/account-client.js';
import { type FromFront, fromFront } from '#src/privsep/protocol.js';

function setUp(limit = 10) {
  const sent: FromFront[] = [];
  const client = createAccountClient((frame) => sent.push(frame), limit);
  return { ...client, sent };
}

describe('the account client', () => {
  it('gives each question its own answer', async () => {
    const { accountAllowed, settle, sent } = setUp();
    const [first, second] = [accountAllowed('alice'), accountAllowed('bob')];
    assert.deepEqual(sent, [
      { kind: 'check-account', id: 1, username: 'alice' },
      { kind: 'check-account', id: 2, username: 'bob' },
    ]);
    settle({ kind: 'account-result', id: 2, outcome: 'refused' });
    settle({ kind: 'account-result', id: 1, outcome: 'allowed' });
    assert.deepEqual(await Promise.all([first, second]), [true, false]);
  });

  it('rejects, and never refuses, what could not be checked', async () => {
    const { accountAllowed, settle } = setUp();
    const result = accountAllowed('alice');
    settle({ kind: 'account-result', id: 1, outcome: 'unavailable', code: 'ERR_LOGIN_WORKER_DIED' });
    await assert.rejects(result, { name: 'UnavailableError', code: 'ERR_LOGIN_WORKER_DIED' });
  });

  it('turns away more questions than may wait at once, and frees the place of one that is answered', async () => {
    const { accountAllowed, settle, sent } = setUp(1);
    void accountAllowed('alice');
    await assert.rejects(accountAllowed('bob'), { name: 'UnavailableError', code: 'ERR_LOGIN_QUEUE_FULL' });
    settle({ kind: 'account-result', id: 1, outcome: 'allowed' });
    void accountAllowed('bob');
    assert.equal(sent.length, 2);
  });

  it('sends the longest name there is in a frame its peer takes', () => {
    const { accountAllowed, sent } = setUp();
    void accountAllowed('x'.repeat(511));
    assert.doesNotThrow(() => fromFront(JSON.parse(JSON.stringify(sent[0])), 'frame'));
  });
});
