import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { FromStore, ToStore } from '#src/privsep/protocol.js';
import { createStoreClient, digestsOf } from '#src/privsep/shared-limits.js';

const ATTEMPT = { account: 'alice', source: '192.0.2.1' };
const shared: FromStore = { kind: 'state', state: 'shared' };
const away: FromStore = { kind: 'state', state: 'alone', reason: 'ECONNREFUSED' };

function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const sent: ToStore[] = [];
  const lines: string[] = [];
  const client = createStoreClient({
    send: (frame) => sent.push(frame),
    timeout: 250,
    store: 'redis://r:6379',
    log: {
      error() {},
      warn: (message, fields) => lines.push(`${message}: ${fields?.['reason']}`),
      info: (message) => lines.push(message),
      verbose() {},
    },
  });
  const ids = () => sent.flatMap((frame) => (frame.kind === 'take' ? [frame.id] : []));
  return { client, sent, lines, lastId: () => ids().at(-1) ?? 0 };
}

const TOGETHER = 'failed logins are counted together with other replicas';
const ALONE = 'failed logins are counted by this replica alone';

/** Resolved by now, or not. */
async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([promise, new Promise((resolve) => setImmediate(() => resolve('pending')))]);
}

describe('shared limits', () => {
  it('are asked only while there is a connection', async (t) => {
    const { client, sent } = setUp(t);
    assert.equal((await client.take(ATTEMPT)).admitted, true);
    client.receive(away);
    assert.equal((await client.take(ATTEMPT)).admitted, true);
    assert.deepEqual(sent, []);
    client.receive(shared);
    void client.take(ATTEMPT);
    assert.deepEqual(sent, [{ kind: 'take', id: 1, ...digestsOf(ATTEMPT) }]);
  });

  it('send digests, in which neither name nor address is to be found', (t) => {
    const { client, sent } = setUp(t);
    client.receive(shared);
    void client.take(ATTEMPT);
    assert.doesNotMatch(JSON.stringify(sent), /alice|192\.0\.2\.1/);
    const elsewhere = digestsOf({ ...ATTEMPT, source: '192.0.2.2' });
    assert.notEqual(elsewhere.account, digestsOf(ATTEMPT).account, 'one account from two sources is not recognised');
    assert.notEqual(elsewhere.source, digestsOf(ATTEMPT).source);
    assert.equal(digestsOf({ ...ATTEMPT, account: 'bob' }).source, digestsOf(ATTEMPT).source);
  });

  it('refuse for as long as the store says', async (t) => {
    const { client, sent, lastId } = setUp(t);
    client.receive(shared);
    const asked = client.take(ATTEMPT);
    client.receive({ kind: 'taken', id: lastId(), outcome: 'refused', retryAfter: 4_000 });
    assert.deepEqual(await asked, { admitted: false, retryAfter: 4_000 });
    assert.equal(sent.length, 1);
  });

  for (const outcome of ['admitted', 'unknown'] as const) {
    it(`give back what was ${outcome}, unless it failed`, async (t) => {
      const { client, sent, lastId } = setUp(t);
      client.receive(shared);
      for (const end of ['succeeded', 'neutral', 'failed'] as const) {
        const asked = client.take(ATTEMPT);
        client.receive({ kind: 'taken', id: lastId(), outcome });
        const admission = await asked;
        assert.ok(admission.admitted);
        admission.settle(end);
      }
      const about = digestsOf(ATTEMPT);
      assert.deepEqual(
        sent.filter(({ kind }) => kind === 'settle'),
        [
          { kind: 'settle', id: 1, ...about, outcome: 'succeeded' },
          { kind: 'settle', id: 2, ...about, outcome: 'neutral' },
        ],
      );
    });
  }

  it('keep no login waiting longer than the time-out, and are not asked again before they have answered', async (t) => {
    const { client, sent, lines } = setUp(t);
    client.receive(shared);
    const asked = client.take(ATTEMPT);
    t.mock.timers.tick(249);
    assert.equal(await stateOf(asked), 'pending');
    t.mock.timers.tick(1);
    const admission = await asked;
    assert.ok(admission.admitted);
    assert.equal((await client.take(ATTEMPT)).admitted, true);
    assert.equal(sent.length, 1, 'not asked while it owes an answer');
    admission.settle('succeeded');
    assert.equal(sent.at(-1)?.kind, 'settle', 'it may have been counted all the same');
    client.receive({ kind: 'taken', id: 1, outcome: 'refused', retryAfter: 1_000 });
    void client.take(ATTEMPT);
    assert.equal(sent.at(-1)?.kind, 'take');
    assert.deepEqual(lines, [TOGETHER, `${ALONE}: no answer within 250 ms`, TOGETHER]);
  });

  it('say each change once', async (t) => {
    const { client, lines } = setUp(t);
    for (const state of [away, away, shared, shared]) client.receive(state);
    for (let count = 0; count < 3; count++) void client.take(ATTEMPT);
    t.mock.timers.tick(250);
    client.receive(away);
    client.receive({ ...away, reason: 'ENOTFOUND' } as FromStore & { kind: 'state' });
    for (const id of [1, 2, 3]) client.receive({ kind: 'taken', id, outcome: 'unknown' });
    client.receive(shared);
    const alone = ['no answer within 250 ms', 'ECONNREFUSED', 'ENOTFOUND'].map((reason) => `${ALONE}: ${reason}`);
    assert.deepEqual(lines, [`${ALONE}: ECONNREFUSED`, TOGETHER, ...alone, TOGETHER]);
  });

  it('let go of all that waits when the process ends, and begin anew with the next', async (t) => {
    const { client, sent, lines } = setUp(t);
    client.receive(shared);
    const waiting = [client.take(ATTEMPT), client.take(ATTEMPT)];
    client.gone('SIGKILL');
    for (const admission of await Promise.all(waiting)) assert.equal(admission.admitted, true);
    assert.equal((await client.take(ATTEMPT)).admitted, true);
    assert.equal(sent.length, 2);
    client.receive(shared);
    void client.take(ATTEMPT);
    assert.equal(sent.length, 3);
    assert.deepEqual(lines, [TOGETHER, `${ALONE}: its process ended: SIGKILL`, TOGETHER]);
  });

  it('take no answer twice, and none that nobody asked for', (t) => {
    const { client } = setUp(t);
    client.receive(shared);
    assert.throws(() => client.receive({ kind: 'taken', id: 1, outcome: 'admitted' }), { code: 'ERR_PROTOCOL' });
    void client.take(ATTEMPT);
    client.receive({ kind: 'taken', id: 1, outcome: 'admitted' });
    assert.throws(() => client.receive({ kind: 'taken', id: 1, outcome: 'admitted' }), { code: 'ERR_PROTOCOL' });
    void client.take(ATTEMPT);
    t.mock.timers.tick(250);
    client.receive({ kind: 'taken', id: 2, outcome: 'admitted' });
    assert.throws(() => client.receive({ kind: 'taken', id: 2, outcome: 'admitted' }), { code: 'ERR_PROTOCOL' });
  });
});
