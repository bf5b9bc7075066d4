/** Counts logins that were turned away unchecked, for the audit log; one for all fronts, in the supervisor. */
import type { AuditEvent } from '../log/audit-event.js';
import {
  type Counted,
  createIntervalCounter,
  type IntervalCounter,
  type IntervalCounterOptions,
  type KeptKeys,
} from '../log/interval-counter.js';
import type { Logger } from '../log/logger.js';

/** Without `user`: of any; `source` may be `other`. */
export interface ThrottledLogin {
  readonly source: string;
  readonly user?: string;
}

export interface ThrottleCounterOptions extends Omit<IntervalCounterOptions<ThrottledLogin>, 'keyFor' | 'flush'> {
  /** When it throws, the count is kept for the next time. */
  readonly audit: (event: AuditEvent) => void;
  readonly log: Logger;
}

/** Lines an interval, at most; half of them are there only for sources not yet named. */
const MOST_LINES = 512;
const MOST_NAMED = 256;
/** Of one source: whoever tries name after name must not fill the log with them. */
const MOST_NAMED_OF_SOURCE = 8;

export function countThrottled({ audit, log, ...options }: ThrottleCounterOptions): IntervalCounter<ThrottledLogin> {
  const flush = (entries: readonly Counted<ThrottledLogin>[]) => {
    for (const [written, { source, user, count }] of entries.entries()) {
      try {
        audit({ event: 'token.throttled', source, ...(user === undefined ? {} : { user }), count });
      } catch (fault) {
        log.error('the audit log cannot be written', { fault });
        return entries.slice(written);
      }
    }
    return [];
  };
  return createIntervalCounter<ThrottledLogin>({ ...options, keyFor, flush });
}

function keyFor({ source, user }: ThrottledLogin, kept: KeptKeys<ThrottledLogin>): ThrottledLogin {
  const named = { source, user: user ?? '' };
  if (kept.has(named) || mayName(source, kept)) return named;
  const unnamed = { source };
  return kept.has(unnamed) || kept.size < MOST_LINES - 1 ? unnamed : { source: 'other' };
}

function mayName(source: string, kept: KeptKeys<ThrottledLogin>): boolean {
  if (kept.size >= MOST_NAMED) return false;
  let ofSource = 0;
  for (const key of kept) if (key.source === source && key.user !== undefined) ofSource += 1;
  return ofSource < MOST_NAMED_OF_SOURCE;
}
