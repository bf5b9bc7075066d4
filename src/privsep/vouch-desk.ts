/** Takes users whom a proxy named from the front to the PAM workers, audits what came of it, and answers; one desk for each front, in the supervisor. */
import { PamhookError } from '../errors.js';
import { sourceNetwork } from '../http/source-address.js';
import type { AuditEvent } from '../log/audit-event.js';
import type { Logger } from '../log/logger.js';
import { fitsInFrame } from './channel.js';
import type { Audit } from './login-desk.js';
import { createOpenJobs } from './open-jobs.js';
import {
  MAX_ID,
  type ToFront,
  type VouchedFrame,
  type VouchFrame,
  type VouchResultFrame,
  type VouchWorkFrame,
} from './protocol.js';
import type { JobResult, WorkerPool } from './worker-pool.js';

export interface VouchDesk {
  /** One user, answered once. Throws ERR_PROTOCOL for one id twice, for more than `limit` at once, and for what no worker could be sent. */
  take(frame: VouchFrame): void;
  /** The front is gone: nobody waits for its answers any more. */
  abandon(): void;
}

export interface VouchDeskOptions {
  readonly pool: WorkerPool;
  /** Users the front may have open; 0: none, since the operator believes no header. */
  readonly limit: number;
  readonly answer: (frame: ToFront) => void;
  readonly audit: Audit;
  readonly log: Logger;
  /** For metrics. */
  readonly vouched?: (outcome: VouchResultFrame['outcome']) => void;
}

export function createVouchDesk({ pool, limit, answer, audit, log, vouched }: VouchDeskOptions): VouchDesk {
  const open = createOpenJobs(pool, limit);

  function finish(frame: VouchFrame, outcome: JobResult<'vouch'>): void {
    const result = audited(frame, outcome);
    vouched?.(result.outcome);
    if (open.close(frame.id)) answer(result);
  }

  /** The line is written first: a token whose line cannot be written in full is not given out. */
  function audited(frame: VouchFrame, outcome: JobResult<'vouch'>): VouchResultFrame {
    const result = resultOf(frame.id, outcome);
    // The queue was full, and whoever floods it must not flood the audit log too.
    if (result.outcome === 'unavailable' && result.code === 'ERR_LOGIN_QUEUE_FULL') return result;
    try {
      const event = auditEvent(frame, outcome);
      if (outcome.worker === undefined) audit(event, 'supervisor', process.pid);
      else audit(event, 'worker', outcome.worker);
    } catch (fault) {
      log.error('the audit log cannot be written', { requestId: frame.requestId, fault });
      if (result.outcome === 'issued') return unavailable(frame.id, 'ERR_AUDIT_FAILED');
    }
    return result;
  }

  return {
    take(frame) {
      // Found out when it is sent to a worker, it would be the worker that ends for it.
      if (!fitsInFrame(workFrame(MAX_ID, frame))) throw new PamhookError('ERR_PROTOCOL', 'a user is too large');
      open.reserve(frame.id, 'vouch');
      open.submit(frame.id, {
        verb: 'vouch',
        source: sourceNetwork(frame.source),
        about: { requestId: frame.requestId },
        frame: (jobId) => workFrame(jobId, frame),
        finish: (outcome: JobResult<'vouch'>) => finish(frame, outcome),
      });
    },
    abandon: open.abandon,
  };
}

function workFrame(id: number, { source: _, ...frame }: VouchFrame): VouchWorkFrame {
  return { ...frame, id };
}

function unavailable(id: number, code: (VouchResultFrame & { outcome: 'unavailable' })['code']): VouchResultFrame {
  return { kind: 'vouch-result', id, outcome: 'unavailable', code };
}

function resultOf(id: number, outcome: JobResult<'vouch'>): VouchResultFrame {
  if ('unavailable' in outcome) return unavailable(id, outcome.unavailable);
  const { result } = outcome;
  const kind = 'vouch-result';
  if (result.outcome === 'unavailable') return unavailable(id, result.code);
  if (result.outcome === 'refused') return { kind, id, outcome: 'refused' };
  const { token, expiresAt, username } = result;
  return { kind, id, outcome: 'issued', token, expiresAt, username };
}

function auditEvent(frame: VouchFrame, outcome: JobResult<'vouch'>): AuditEvent {
  const { requestId, source, username: user } = frame;
  const common = { requestId, source, user, elapsedMs: Math.round(outcome.elapsed) };
  if ('unavailable' in outcome) return { event: 'token.vouch-unavailable', ...common, error: outcome.unavailable };
  return { ...common, ...ended(outcome.result) };
}

function ended(result: VouchedFrame): AuditEvent {
  switch (result.outcome) {
    case 'issued': {
      const { username: user, uid, groups, jti, expiresAt } = result;
      return { event: 'token.vouched', user, uid, groups, jti, expiresAt };
    }
    case 'refused':
      return { event: 'token.vouch-refused', denial: result.denial };
    case 'unavailable':
      return { event: 'token.vouch-unavailable', error: result.code };
  }
}
