import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PamhookError, UnavailableError } from '#src/errors.js';
import type { AuditEvent } from '#src/log/audit-event.js';
import { type ToFront, toWorker, type VouchedFrame, type VouchFrame } from '#src/privsep/protocol.js';
import { createVouchDesk } from '#src/privsep/vouch-desk.js';
import type { Job, JobResult } from '#src/privsep/worker-pool.js';

const silent = { error() {}, warn() {}, info() {}, verbose() {} };

function setUp({ limit = 10, audit }: { limit?: number; audit?: (event: AuditEvent) => void } = {}) {
  const jobs: Job[] = [];
  const answers: ToFront[] = [];
  const events: AuditEvent[] = [];
  const counted: string[] = [];
  const desk = createVouchDesk({
    pool: {
      submit: (job) => jobs.push(job),
      cancel() {},
      answering: () => true,
      load: () => ({
        workers: { starting: 0, idle: 0, busy: 0, leaving: 0 },
        waiting: { issue: 0, vouch: 0, 'check-account': 0 },
      }),
      warm() {},
      changeSigningKey() {},
      stop: async () => {},
    },
    limit,
    answer: (frame) => answers.push(frame),
    audit: audit ?? ((event) => events.push(event)),
    log: silent,
    vouched: (outcome) => counted.push(outcome),
  });
  const finish = (result: JobResult<'vouch'>) => jobs[0]?.finish(result);
  return { desk, jobs, answers, events, counted, finish };
}

const frame = (id: number, more: Partial<VouchFrame> = {}): VouchFrame => ({
  kind: 'vouch',
  id,
  requestId: 'r',
  username: 'Carol',
  groups: ['ops'],
  source: '192.0.2.1',
  ...more,
});

const issued: VouchedFrame = {
  kind: 'vouched',
  id: 7,
  outcome: 'issued',
  token: 'a.b.c',
  expiresAt: 1000,
  username: 'carol',
  groups: ['ops'],
  jti: 'j',
};

const isProtocolFault = (error: unknown) => error instanceof PamhookError && error.code === 'ERR_PROTOCOL';

describe('the vouch desk', () => {
  it('writes the audit line before it gives a token out, without the token in it', () => {
    const order: string[] = [];
    const { desk, answers, finish } = setUp({
      audit(event) {
        order.push(`${event.event} after ${answers.length} answers`);
        assert.doesNotMatch(JSON.stringify(event), /a\.b\.c/);
      },
    });
    desk.take(frame(1));
    finish({ result: issued, elapsed: 5, worker: 9 });
    assert.deepEqual(order, ['token.vouched after 0 answers']);
    const { kind: _, id: __, groups: ___, jti: ____, ...rest } = issued;
    assert.deepEqual(answers, [{ kind: 'vouch-result', id: 1, ...rest }]);
  });

  it('audits whom, in which groups, from where, or why not', () => {
    const ends: readonly (readonly [JobResult<'vouch'>, object])[] = [
      [
        { result: issued, elapsed: 5.4 },
        { event: 'token.vouched', user: 'carol', uid: undefined, groups: ['ops'], jti: 'j', expiresAt: 1000 },
      ],
      [
        { result: { kind: 'vouched', id: 7, outcome: 'refused', denial: 'unknown user' }, elapsed: 5.4 },
        { event: 'token.vouch-refused', user: 'Carol', denial: 'unknown user' },
      ],
      [
        { result: { kind: 'vouched', id: 7, outcome: 'unavailable', code: 'ERR_NSS_FAILED' }, elapsed: 5.4 },
        { event: 'token.vouch-unavailable', user: 'Carol', error: 'ERR_NSS_FAILED' },
      ],
      [
        { unavailable: 'ERR_LOGIN_WORKER_DIED', elapsed: 5.4 },
        { event: 'token.vouch-unavailable', user: 'Carol', error: 'ERR_LOGIN_WORKER_DIED' },
      ],
    ];
    for (const [result, expected] of ends) {
      const { desk, events, counted, finish } = setUp();
      desk.take(frame(1));
      finish(result);
      assert.deepEqual(events, [{ requestId: 'r', source: '192.0.2.1', elapsedMs: 5, ...expected }]);
      assert.equal(counted.length, 1);
    }
  });

  it('gives no token out whose line cannot be written', () => {
    const { desk, answers, finish } = setUp({
      audit() {
        throw new UnavailableError('ERR_AUDIT_FAILED', 'full');
      },
    });
    desk.take(frame(1));
    finish({ result: issued, elapsed: 1 });
    assert.deepEqual(answers, [{ kind: 'vouch-result', id: 1, outcome: 'unavailable', code: 'ERR_AUDIT_FAILED' }]);
  });

  it('takes none where no header is believed, no id twice, and none that no worker could be sent', () => {
    assert.throws(() => setUp({ limit: 0 }).desk.take(frame(1)), isProtocolFault);
    const { desk } = setUp();
    desk.take(frame(1));
    assert.throws(() => desk.take(frame(1)), isProtocolFault);
    const large = frame(2, { groups: Array(256).fill('"'.repeat(512)) });
    assert.throws(() => desk.take(large), isProtocolFault);
  });

  it('sends the worker what it takes, and not where the request came from', () => {
    const { desk, jobs } = setUp();
    desk.take(frame(1, { lifetime: 60, audience: ['a'] }));
    const sent = jobs[0]?.frame(99);
    assert.deepEqual(toWorker(sent, 'frame'), sent);
    assert.equal(sent && 'source' in sent, false);
  });

  it('answers no front that is gone', () => {
    const { desk, answers, finish } = setUp();
    desk.take(frame(1));
    desk.abandon();
    finish({ result: issued, elapsed: 1 });
    assert.deepEqual(answers, []);
  });
});
