/** Logins at the desk while other replicas' counts are asked. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLoginDesk } from '#src/privsep/login-desk.js';
import type { LoginFrame, ToFront } from '#src/privsep/protocol.js';
import type { Job } from '#src/privsep/worker-pool.js';
import { Secret } from '#src/secret.js';
import type { Admission, AttemptOutcome, LoginAttempt } from '#src/token/login-limits.js';

const silent = { error() {}, warn() {}, info() {}, verbose() {} };

/** A desk whose own limits admit as told, and whose shared ones answer when the test does. */
function setUp({ admits = true } = {}) {
  const jobs: Job[] = [];
  const answers: ToFront[] = [];
  const settled: Record<'own' | 'shared', AttemptOutcome[]> = { own: [], shared: [] };
  const throttled: unknown[] = [];
  const asked: { attempt: LoginAttempt; answer(admission: Admission): void }[] = [];
  const admitted = (whose: 'own' | 'shared'): Admission => ({
    admitted: true,
    settle: (outcome) => settled[whose].push(outcome),
  });
  const desk = createLoginDesk({
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
    limits: { admit: () => (admits ? admitted('own') : { admitted: false, retryAfter: 1_000 }) },
    shared: { take: (attempt) => new Promise((answer) => asked.push({ attempt, answer })) },
    throttled: { count: (login) => throttled.push(login) },
    limit: 2,
    answer: (frame) => answers.push(frame),
    audit() {},
    log: silent,
    refusalDelay: 3000,
  });
  async function decide(admission: Admission): Promise<void> {
    asked.shift()?.answer(admission);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { desk, jobs, answers, settled, throttled, asked, decide, admit: () => decide(admitted('shared')) };
}

function loginFrame(id: number): LoginFrame {
  const responses = [Secret.fromString('hunter2')];
  return { kind: 'login', id, requestId: `request-${id}`, username: 'alice', responses, source: '192.0.2.1' };
}

const unavailable = { kind: 'login-result', id: 1, outcome: 'unavailable' };

describe('a login while shared counts are asked', () => {
  it('waits, and goes to PAM when they admit it; both counts learn how it ended', async () => {
    const { desk, jobs, settled, asked, admit } = setUp();
    desk.take(loginFrame(1));
    assert.deepEqual(asked[0]?.attempt, { account: 'alice', source: '192.0.2.1' });
    assert.equal(jobs.length, 0);
    await admit();
    assert.equal(jobs.length, 1);
    const detail = { code: 'PAM_AUTH_ERR', stage: 'authenticate', failDelay: 0 };
    jobs[0]?.finish({ result: { kind: 'issue-result', id: 1, outcome: 'refused', messages: [], detail }, elapsed: 1 });
    assert.deepEqual(settled, { own: ['failed'], shared: ['failed'] });
  });

  it('is not asked about when the replica itself refuses it', () => {
    const { desk, asked, answers } = setUp({ admits: false });
    desk.take(loginFrame(1));
    assert.equal(asked.length, 0);
    assert.deepEqual(answers, [{ kind: 'login-result', id: 1, outcome: 'throttled', retryAfter: 1_000 }]);
  });

  it('is turned away when they refuse it, and does not count at the replica', async () => {
    const { desk, jobs, answers, settled, throttled, decide } = setUp();
    const frame = loginFrame(1);
    desk.take(frame);
    await decide({ admitted: false, retryAfter: 2_000 });
    assert.deepEqual(answers, [{ kind: 'login-result', id: 1, outcome: 'throttled', retryAfter: 2_000 }]);
    assert.deepEqual(settled, { own: ['neutral'], shared: [] });
    assert.deepEqual(throttled, [{ source: '192.0.2.1', user: 'alice' }]);
    assert.deepEqual(frame.responses[0]?.bytes(), Buffer.alloc(7));
    assert.equal(jobs.length, 0);
  });

  it('whose client goes away meanwhile never reaches PAM, and is given back everywhere', async () => {
    const { desk, jobs, answers, settled, admit } = setUp();
    const frame = loginFrame(1);
    desk.take(frame);
    desk.cancel(1);
    await admit();
    assert.equal(jobs.length, 0);
    assert.deepEqual(settled, { own: ['neutral'], shared: ['neutral'] });
    assert.deepEqual(
      answers.map((answer) => ({ ...answer, code: undefined })),
      [{ ...unavailable, code: undefined }],
    );
    assert.deepEqual(frame.responses[0]?.bytes(), Buffer.alloc(7));
  });

  it('whose front dies meanwhile never reaches PAM, and is given back everywhere; nobody is answered', async () => {
    const { desk, jobs, answers, settled, admit } = setUp();
    desk.take(loginFrame(1));
    desk.abandon();
    await admit();
    assert.deepEqual([jobs, answers], [[], []]);
    assert.deepEqual(settled, { own: ['neutral'], shared: ['neutral'] });
  });

  it('has its place among those that a front may have open', async () => {
    const { desk, answers, decide } = setUp();
    desk.take(loginFrame(1));
    desk.take(loginFrame(2));
    assert.throws(() => desk.take(loginFrame(3)), { code: 'ERR_PROTOCOL' });
    assert.throws(() => desk.take(loginFrame(2)), { code: 'ERR_PROTOCOL' });
    await decide({ admitted: false, retryAfter: 1_000 });
    assert.equal(answers.length, 1);
    assert.doesNotThrow(() => desk.take(loginFrame(3)));
  });
});
