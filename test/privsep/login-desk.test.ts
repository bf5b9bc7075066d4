import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UnavailableError } from '#src/errors.js';
import type { AuditEvent } from '#src/log/audit-event.js';
import { createLoginDesk } from '#src/privsep/login-desk.js';
import type { IssueResultFrame, LoginFrame, ToFront } from '#src/privsep/protocol.js';
import type { ThrottledLogin } from '#src/privsep/throttle-counter.js';
import type { Job, JobResult } from '#src/privsep/worker-pool.js';
import { Secret } from '#src/secret.js';
import { type AttemptOutcome, type LoginAttempt, type LoginLimits, unlimited } from '#src/token/login-limits.js';

const silent = { error() {}, warn() {}, info() {}, verbose() {} };
const detail = { code: 'PAM_SUCCESS', stage: 'user', failDelay: 0 };

interface Parts {
  readonly limit?: number;
  readonly limits?: LoginLimits;
  readonly audit?: (event: AuditEvent) => void;
}

function setUp({ limit = 10, limits = unlimited, audit }: Parts = {}) {
  const jobs: Job[] = [];
  const cancelled: Job[] = [];
  const answers: ToFront[] = [];
  const events: AuditEvent[] = [];
  const throttled: ThrottledLogin[] = [];
  const desk = createLoginDesk({
    pool: {
      submit: (job) => jobs.push(job),
      cancel: (job) => cancelled.push(job),
      answering: () => true,
      load: () => ({
        workers: { starting: 0, idle: 0, busy: 0, leaving: 0 },
        waiting: { issue: 0, vouch: 0, 'check-account': 0 },
      }),
      warm() {},
      changeSigningKey() {},
      stop: async () => {},
    },
    limits,
    throttled: { count: (login) => throttled.push(login) },
    limit,
    answer: (frame) => answers.push(frame),
    audit: audit ?? ((event) => events.push(event)),
    log: silent,
    refusalDelay: 3000,
  });
  return { desk, jobs, cancelled, answers, events, throttled };
}

function loginFrame(id: number): LoginFrame {
  const responses = [Secret.fromString('hunter2')];
  return { kind: 'login', id, requestId: `request-${id}`, username: 'alice', responses, source: '192.0.2.1' };
}

const issued: IssueResultFrame = {
  kind: 'issue-result',
  id: 77,
  outcome: 'issued',
  token: 'a.b.c',
  expiresAt: 1000,
  username: 'alice',
  uid: '1000',
  jti: 'j',
  messages: ['hello'],
  detail,
};

describe('the login desk', () => {
  it('writes the audit line before it gives a token out, without token or password in it', () => {
    const order: string[] = [];
    const { desk, jobs, answers } = setUp({
      audit(event) {
        order.push(`${event.event} after ${answers.length} answers`);
        assert.doesNotMatch(JSON.stringify(event), /a\.b\.c|hunter2/);
      },
    });
    desk.take(loginFrame(1));
    jobs[0]?.finish({ result: issued, elapsed: 25 });
    assert.deepEqual(order, ['token.issued after 0 answers']);
    assert.equal((answers[0] as { token?: string }).token, 'a.b.c');
  });

  it('writes what is missing in a token before the line of the token, and gives none out without both', () => {
    for (const groupsFault of ['too long', 'incomplete'] as const) {
      const { desk, jobs, events, answers } = setUp();
      desk.take(loginFrame(1));
      jobs[0]?.finish({ result: { ...issued, groupsFault }, elapsed: 25 });
      const [first, second, ...more] = events as unknown as Record<string, unknown>[];
      assert.deepEqual(
        [first?.['event'], first?.['groups'], second?.['event']],
        ['token.curtailed', groupsFault, 'token.issued'],
      );
      assert.deepEqual([first?.['jti'], more], [second?.['jti'], []]);
      assert.equal('groupsFault' in (answers[0] ?? {}), false);
    }
    const { desk, jobs, answers } = setUp({
      audit({ event }) {
        if (event === 'token.curtailed') throw new UnavailableError('ERR_AUDIT_FAILED', 'disk full');
      },
    });
    desk.take(loginFrame(1));
    jobs[0]?.finish({ result: { ...issued, groupsFault: 'too long' }, elapsed: 25 });
    assert.deepEqual(answers, [{ kind: 'login-result', id: 1, outcome: 'unavailable', code: 'ERR_AUDIT_FAILED' }]);
  });

  it('hands the login to the pool as it came, choices of the client included', () => {
    const { desk, jobs } = setUp();
    const { kind, id, ...plain } = loginFrame(1);
    const chosen = { ...plain, lifetime: 60, audience: ['a', 'b'] };
    desk.take({ kind, id, ...plain });
    desk.take({ kind, id: 2, ...chosen });
    assert.deepEqual(
      jobs.map((job) => job.frame(7)),
      [plain, chosen].map((request) => ({ kind: 'issue', id: 7, ...request })),
    );
  });

  it('lets the pool know whose login it is, and from where: an address, or the /64 of one', () => {
    const { desk, jobs } = setUp();
    desk.take({ ...loginFrame(1), username: 'DOM\\Alice' });
    desk.take({ ...loginFrame(2), source: '2001:db8::1' });
    assert.deepEqual(
      jobs.map(({ turn, source }) => [turn, source]),
      [
        ['alice', '192.0.2.1'],
        ['alice', '2001:db8:0:0::/64'],
      ],
    );
  });

  it('answers a login that lost its place, and writes no line: PAM was not asked', () => {
    const { desk, jobs, cancelled, answers, events } = setUp();
    desk.take(loginFrame(1));
    desk.cancel(1);
    assert.deepEqual(cancelled, jobs);
    jobs[0]?.finish({ unavailable: 'ERR_LOGIN_QUEUE_FULL', elapsed: 0 });
    assert.deepEqual(answers, [{ kind: 'login-result', id: 1, outcome: 'unavailable', code: 'ERR_LOGIN_QUEUE_FULL' }]);
    assert.deepEqual(events, []);
  });

  it('gives no token out when the audit line cannot be written', () => {
    const { desk, jobs, answers } = setUp({
      audit() {
        throw new UnavailableError('ERR_AUDIT_FAILED', 'disk full');
      },
    });
    desk.take(loginFrame(1));
    jobs[0]?.finish({ result: issued, elapsed: 25 });
    assert.deepEqual(answers, [{ kind: 'login-result', id: 1, outcome: 'unavailable', code: 'ERR_AUDIT_FAILED' }]);
  });

  it('still answers a refusal when the audit line cannot be written', () => {
    const { desk, jobs, answers } = setUp({
      audit() {
        throw new UnavailableError('ERR_AUDIT_FAILED', 'disk full');
      },
    });
    desk.take(loginFrame(1));
    jobs[0]?.finish({ result: { kind: 'issue-result', id: 1, outcome: 'refused', messages: [], detail }, elapsed: 25 });
    assert.deepEqual(answers, [{ kind: 'login-result', id: 1, outcome: 'refused', messages: [], elapsed: 25 }]);
  });

  it('overwrites the responses when the login is over', () => {
    const { desk, jobs } = setUp();
    const frame = loginFrame(1);
    desk.take(frame);
    jobs[0]?.finish({ unavailable: 'ERR_LOGIN_OVERRUN', elapsed: 1 });
    assert.deepEqual(frame.responses[0]?.bytes(), Buffer.alloc(7));
  });

  it('audits what PAM said of a refusal, and a wished-for delay only when it is larger than the one served', () => {
    const { desk, jobs, events } = setUp();
    for (const [index, failDelay] of [2000, 4000].entries()) {
      desk.take(loginFrame(index + 1));
      const said = { code: 'PAM_AUTH_ERR', stage: 'authenticate', failDelay };
      jobs[index]?.finish({
        result: { kind: 'issue-result', id: 1, outcome: 'refused', messages: [], detail: said },
        elapsed: 9.6,
      });
    }
    assert.deepEqual(
      events.map(({ event, user, source, code, stage, elapsedMs, wantedDelayMs }) => ({
        event,
        user,
        source,
        code,
        stage,
        elapsedMs,
        wantedDelayMs,
      })),
      [undefined, 4000].map((wantedDelayMs) => ({
        event: 'token.refused',
        user: 'alice',
        source: '192.0.2.1',
        code: 'PAM_AUTH_ERR',
        stage: 'authenticate',
        elapsedMs: 10,
        wantedDelayMs,
      })),
    );
  });

  it('takes neither one id twice nor more logins than the front may have open', () => {
    const { desk } = setUp({ limit: 2 });
    desk.take(loginFrame(1));
    assert.throws(() => desk.take(loginFrame(1)), { code: 'ERR_PROTOCOL' });
    desk.take(loginFrame(2));
    assert.throws(() => desk.take(loginFrame(3)), { code: 'ERR_PROTOCOL' });
  });

  it('takes no login that would not fit into the frame to a worker', () => {
    const { desk, jobs } = setUp();
    const audience = (bytes: number) => [...Array<string>(7).fill('a'.repeat(8192)), 'a'.repeat(bytes)];
    desk.take({ ...loginFrame(1), audience: audience(8000) });
    assert.throws(() => desk.take({ ...loginFrame(2), audience: audience(8190) }), { code: 'ERR_PROTOCOL' });
    assert.equal(jobs.length, 1);
  });

  it('takes no id again whose login is over', () => {
    const { desk, jobs } = setUp();
    desk.take(loginFrame(5));
    jobs[0]?.finish({ result: issued, elapsed: 25 });
    for (const id of [5, 4]) assert.throws(() => desk.take(loginFrame(id)), { code: 'ERR_PROTOCOL' });
    desk.take(loginFrame(6));
    assert.equal(jobs.length, 2);
  });

  it('takes the cancellation of a login that is over, and no more of them than there were logins', () => {
    const { desk, jobs, cancelled } = setUp();
    desk.take(loginFrame(1));
    jobs[0]?.finish({ result: issued, elapsed: 25 });
    desk.cancel(1);
    assert.deepEqual(cancelled, []);
    assert.throws(() => desk.cancel(1), { code: 'ERR_PROTOCOL' });
  });

  it('turns a login away before PAM when the limits say so, counted, not audited each, its password overwritten', () => {
    const { desk, jobs, answers, events, throttled } = setUp({
      limit: 1,
      limits: { admit: () => ({ admitted: false, retryAfter: 1_500 }) },
    });
    const frame = loginFrame(1);
    desk.take(frame);
    assert.deepEqual(answers, [{ kind: 'login-result', id: 1, outcome: 'throttled', retryAfter: 1_500 }]);
    assert.deepEqual(throttled, [{ source: '192.0.2.1', user: 'alice' }]);
    assert.deepEqual([jobs, events], [[], []]);
    assert.deepEqual(frame.responses[0]?.bytes(), Buffer.alloc(7));
    assert.doesNotThrow(() => desk.take(loginFrame(2)), 'it is open no more');
  });

  it('settles each attempt once, as it ended', () => {
    const settled: string[] = [];
    const attempts: LoginAttempt[] = [];
    const admit = (attempt: LoginAttempt) => {
      attempts.push(attempt);
      return { admitted: true, settle: (outcome: AttemptOutcome) => void settled.push(outcome) } as const;
    };
    const { desk, jobs } = setUp({ limits: { admit } });
    const refused = { kind: 'issue-result', id: 1, outcome: 'refused', messages: [], detail } as const;
    const ends: readonly (readonly [JobResult<'issue'>, AttemptOutcome])[] = [
      [{ result: issued, elapsed: 1 }, 'succeeded'],
      [{ result: refused, elapsed: 1 }, 'failed'],
      [{ result: { ...refused, reason: 'account expired' }, elapsed: 1 }, 'neutral'],
      [{ result: { kind: 'issue-result', id: 1, outcome: 'prompted', prompts: [], detail }, elapsed: 1 }, 'failed'],
      [
        { result: { kind: 'issue-result', id: 1, outcome: 'unavailable', code: 'ERR_PAM_UNAVAILABLE' }, elapsed: 1 },
        'neutral',
      ],
      [{ unavailable: 'ERR_LOGIN_OVERRUN', elapsed: 1 }, 'neutral'],
      [{ unavailable: 'ERR_LOGIN_QUEUE_FULL', elapsed: 0 }, 'neutral'],
    ];
    for (const [index, [outcome]] of ends.entries()) {
      desk.take(loginFrame(index + 1));
      jobs[index]?.finish(outcome);
    }
    assert.deepEqual(
      settled,
      ends.map(([, outcome]) => outcome),
    );
    assert.deepEqual(attempts[0], { account: 'alice', source: '192.0.2.1' });
  });

  it('settles also what a front that is gone had under way', () => {
    const settled: string[] = [];
    const limits: LoginLimits = { admit: () => ({ admitted: true, settle: (outcome) => settled.push(outcome) }) };
    const { desk, jobs } = setUp({ limits });
    desk.take(loginFrame(1));
    desk.abandon();
    const refused = { kind: 'issue-result', id: 1, outcome: 'refused', messages: [], detail } as const;
    jobs[0]?.finish({ result: refused, elapsed: 1 });
    assert.deepEqual(settled, ['failed']);
  });

  it('tells a front that is gone nothing, and drops what it had waiting', () => {
    const { desk, jobs, cancelled, answers, events } = setUp();
    desk.take(loginFrame(1));
    desk.abandon();
    assert.deepEqual(cancelled, jobs);
    jobs[0]?.finish({ result: issued, elapsed: 25 });
    assert.deepEqual(answers, []);
    assert.equal(events.length, 1, 'what happened is audited all the same');
  });
});
