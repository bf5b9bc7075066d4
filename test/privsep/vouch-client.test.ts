import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FromFront, fromFront } from '#src/privsep/protocol.js';
import { createVouchClient } from '#src/privsep/vouch-client.js';

const signal = new AbortController().signal;
const request = { requestId: 'r', source: '::1', lifetime: undefined, audience: undefined };

function setUp(limit = 10) {
  const sent: FromFront[] = [];
  const client = createVouchClient((frame) => sent.push(frame), limit);
  return { ...client, sent };
}

describe('the vouch client', () => {
  it('sends what the supervisor takes, and gives each question its own answer', async () => {
    const { vouch, settle, sent } = setUp();
    const first = vouch({ ...request, username: 'carol', groups: ['ops'], lifetime: 60, audience: ['a'] }, signal);
    const second = vouch({ ...request, username: 'dave', groups: [] }, signal);
    for (const frame of sent) assert.deepEqual(fromFront(frame, 'frame'), frame);
    settle({ kind: 'vouch-result', id: 2, outcome: 'refused' });
    settle({ kind: 'vouch-result', id: 1, outcome: 'issued', token: 'a.b.c', expiresAt: 1, username: 'carol' });
    const issued = { outcome: 'issued', token: 'a.b.c', expiresAt: 1, username: 'carol' };
    assert.deepEqual(await Promise.all([first, second]), [issued, { outcome: 'refused' }]);
  });

  it('rejects, and never refuses, what could not be decided', async () => {
    const { vouch, settle } = setUp();
    const result = vouch({ ...request, username: 'carol', groups: [] }, signal);
    settle({ kind: 'vouch-result', id: 1, outcome: 'unavailable', code: 'ERR_NSS_FAILED' });
    await assert.rejects(result, { name: 'UnavailableError', code: 'ERR_NSS_FAILED' });
  });

  it('turns away more than may wait at once, and who has gone already', async () => {
    const { vouch, sent } = setUp(1);
    void vouch({ ...request, username: 'carol', groups: [] }, signal);
    const full = { name: 'UnavailableError', code: 'ERR_LOGIN_QUEUE_FULL' };
    await assert.rejects(vouch({ ...request, username: 'dave', groups: [] }, signal), full);
    const gone = { name: 'UnavailableError', code: 'ERR_LOGIN_UNAVAILABLE' };
    await assert.rejects(vouch({ ...request, username: 'dave', groups: [] }, AbortSignal.abort()), gone);
    assert.equal(sent.length, 1);
  });
});
