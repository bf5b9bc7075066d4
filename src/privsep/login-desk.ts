/** Takes logins from the front to the PAM workers, audits what came of them, and answers the front; one desk for each front, in the supervisor. */
import { type ErrorCode, PamhookError } from '../errors.js';
import type { AuditEvent } from '../log/audit-event.js';
import type { Logger, ProcessName } from '../log/logger.js';
import type { Admission, AttemptOutcome, LoginAttempt, LoginLimits } from '../token/login-limits.js';
import { fitsInFrame } from './channel.js';
import { attemptOf } from './login-attempt.js';
import { createOpenJobs } from './open-jobs.js';
import { type IssueFrame, type IssueResultFrame, type LoginFrame, MAX_ID, type ToFront } from './protocol.js';
import { joined, type SharedLimits } from './shared-limits.js';
import type { ThrottledLogin } from './throttle-counter.js';
import { turnOf } from './turn.js';
import type { JobResult, WorkerPool } from './worker-pool.js';

export interface LoginDesk {
  /** One login of the front; its result goes to the front exactly once. Throws ERR_PROTOCOL for one id twice, for more than `limit` at once, and for what no worker could be sent. */
  take(frame: LoginFrame): void;
  /** Nobody waits for a login any more, or another has its place. Throws ERR_PROTOCOL for more of these than there were logins. */
  cancel(id: number): void;
  /** The front is gone: nobody waits for its results any more. */
  abandon(): void;
}

/** Writes one line for an event of a process. Throws UnavailableError with ERR_AUDIT_FAILED when it could not be written in full. */
export type Audit = (event: AuditEvent, process: ProcessName, pid: number) => void;

export interface DeskOptions {
  readonly pool: WorkerPool;
  /** Outlive the front: its death must not clear a count. */
  readonly limits: LoginLimits;
  /** Asked of what `limits` admits. Absent: this replica counts alone. */
  readonly shared?: SharedLimits;
  readonly throttled: { count(login: ThrottledLogin): void };
  /** Logins the front may have open; and as many account checks, if it may have any. */
  readonly limit: number;
  readonly answer: (frame: ToFront) => void;
  readonly audit: Audit;
  readonly log: Logger;
  /** A delay wished for by PAM is noted when it is larger than this, milliseconds. */
  readonly refusalDelay: number;
  /** Called as a login comes; what it returns, when it ends. */
  readonly counted?: () => (result: LoginResultFrame) => void;
}

export type LoginResultFrame = Extract<ToFront, { kind: 'login-result' }>;

type Admitted = Extract<Admission, { admitted: true }>;

export function createLoginDesk(options: DeskOptions): LoginDesk {
  const { pool, limits, shared, throttled, limit, answer, audit, log, refusalDelay } = options;
  const open = createOpenJobs(pool, limit);
  /** By id: for those that are counted. */
  const ends = new Map<number, (result: LoginResultFrame) => void>();

  function finish(frame: LoginFrame, admission: Admitted, outcome: JobResult<'issue'>): void {
    admission.settle(attemptOutcome(outcome));
    conclude(frame, turnedAway(outcome) ? unavailable(frame.id, outcome.unavailable) : audited(frame, outcome));
  }

  function turnAway(frame: LoginFrame, retryAfter: number): void {
    throttled.count({ source: frame.source, user: frame.username });
    conclude(frame, { kind: 'login-result', id: frame.id, outcome: 'throttled', retryAfter });
  }

  function conclude(frame: LoginFrame, result: LoginResultFrame): void {
    for (const response of frame.responses) response.wipe();
    ends.get(frame.id)?.(result);
    ends.delete(frame.id);
    if (open.close(frame.id)) answer(result);
  }

  /** The line is written first: a token whose line cannot be written in full is not given out. */
  function audited(frame: LoginFrame, outcome: JobResult<'issue'>): LoginResultFrame {
    try {
      for (const event of [...curtailment(frame, outcome), auditEvent(frame, outcome, refusalDelay)]) {
        if (outcome.worker === undefined) audit(event, 'supervisor', process.pid);
        else audit(event, 'worker', outcome.worker);
      }
    } catch (fault) {
      log.error('the audit log cannot be written', { requestId: frame.requestId, fault });
      if ('result' in outcome && outcome.result.outcome === 'issued') return unavailable(frame.id, 'ERR_AUDIT_FAILED');
    }
    if ('unavailable' in outcome) return unavailable(frame.id, outcome.unavailable);
    return answerOf(frame.id, outcome.result, outcome.elapsed);
  }

  function proceed(frame: LoginFrame, { source }: LoginAttempt, admission: Admission): void {
    if (!admission.admitted) {
      turnAway(frame, admission.retryAfter);
      return;
    }
    open.submit(frame.id, {
      verb: 'issue',
      source,
      turn: turnOf(frame.username),
      about: { requestId: frame.requestId },
      frame: (jobId) => issueFrame(jobId, frame),
      finish: (outcome: JobResult<'issue'>) => finish(frame, admission, outcome),
    });
  }

  return {
    take(frame) {
      // Found out when it is sent to a worker, it would be the worker that ends for it.
      if (!fitsInFrame(issueFrame(MAX_ID, frame))) throw new PamhookError('ERR_PROTOCOL', 'a login is too large');
      open.reserve(frame.id, 'issue');
      if (options.counted !== undefined) ends.set(frame.id, options.counted());
      const attempt = attemptOf(frame);
      const own = limits.admit(attempt);
      if (shared === undefined || !own.admitted) proceed(frame, attempt, own);
      // The place is kept meanwhile, and what is submitted after a cancel is answered at once.
      else void shared.take(attempt).then((theirs) => proceed(frame, attempt, joined(own, theirs)));
    },
    cancel: open.cancel,
    abandon: open.abandon,
  };
}

/** A further response that is missing is a try at the password all the same: the prompt may have confirmed it. */
function attemptOutcome(outcome: JobResult<'issue'>): AttemptOutcome {
  if ('unavailable' in outcome) return 'neutral';
  switch (outcome.result.outcome) {
    case 'issued':
      return 'succeeded';
    case 'refused':
      return outcome.result.reason === undefined ? 'failed' : 'neutral';
    case 'prompted':
      return 'failed';
    case 'unavailable':
      return 'neutral';
  }
}

function issueFrame(id: number, { kind: _, id: __, ...request }: LoginFrame): IssueFrame {
  return { kind: 'issue', id, ...request };
}

/** PAM was never asked, and whoever floods the queue must not flood the audit log too. */
function turnedAway(outcome: JobResult<'issue'>): outcome is JobResult<'issue'> & { unavailable: ErrorCode } {
  return 'unavailable' in outcome && outcome.unavailable === 'ERR_LOGIN_QUEUE_FULL';
}

function unavailable(id: number, code: ErrorCode): LoginResultFrame {
  return { kind: 'login-result', id, outcome: 'unavailable', code };
}

function answerOf(id: number, result: IssueResultFrame, elapsed: number): LoginResultFrame {
  const kind = 'login-result';
  switch (result.outcome) {
    case 'issued': {
      const { outcome, token, expiresAt, username, messages } = result;
      return { kind, id, outcome, token, expiresAt, username, messages };
    }
    case 'refused': {
      const { outcome, reason, messages } = result;
      return { kind, id, outcome, messages, elapsed, ...(reason === undefined ? {} : { reason }) };
    }
    case 'prompted':
      return { kind, id, outcome: result.outcome, prompts: result.prompts };
    case 'unavailable':
      return unavailable(id, result.code);
  }
}

/** A line of its own, in front: after the line of the token nothing may go wrong any more. */
function curtailment({ requestId, source }: LoginFrame, outcome: JobResult<'issue'>): AuditEvent[] {
  if ('unavailable' in outcome || outcome.result.outcome !== 'issued') return [];
  const { groupsFault: groups, username: user, jti } = outcome.result;
  return groups === undefined ? [] : [{ event: 'token.curtailed', requestId, source, user, jti, groups }];
}

function auditEvent(frame: LoginFrame, outcome: JobResult<'issue'>, refusalDelay: number): AuditEvent {
  const common = { requestId: frame.requestId, source: frame.source, elapsedMs: Math.round(outcome.elapsed) };
  if ('unavailable' in outcome) {
    return { event: 'token.unavailable', ...common, user: frame.username, error: outcome.unavailable };
  }
  const { result } = outcome;
  const said = { code: result.detail?.code, stage: result.detail?.stage };
  switch (result.outcome) {
    case 'issued':
      return {
        event: 'token.issued',
        ...common,
        user: result.username,
        uid: result.uid,
        jti: result.jti,
        expiresAt: result.expiresAt,
      };
    case 'refused':
      return {
        event: 'token.refused',
        ...common,
        user: frame.username,
        responses: frame.responses.length,
        ...said,
        reason: result.reason,
        denial: result.denial,
        wantedDelayMs: result.detail.failDelay > refusalDelay ? Math.round(result.detail.failDelay) : undefined,
      };
    case 'prompted':
      return { event: 'token.prompted', ...common, user: frame.username, responses: frame.responses.length, ...said };
    case 'unavailable':
      return { event: 'token.unavailable', ...common, user: frame.username, error: result.code, ...said };
  }
}
