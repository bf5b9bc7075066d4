/** What the front counts, and tells the supervisor every second for metrics. */
import { type ErrorCode, errorCodes, PamhookError } from '../errors.js';
import type { ReviewOutcome } from '../http/authenticate.js';
import type { Traffic } from '../http/traffic.js';

import type { Served } from '../identity/cached.js';
import { paths } from '../metrics/catalogue.js';
import type { Row } from '../metrics/series.js';
import { countersBy, createTally, type Tally } from '../metrics/tally.js';
import type { Login } from '../token/login.js';

const INTERVAL = 1_000;

export interface FrontCounts {
  readonly traffic: Traffic;
  review(outcome: ReviewOutcome, milliseconds: number): void;
  served(how: Served): void;
  /** The same login, those counted that find no place. */
  countLogins(login: Login): Login;
  /** Tells every second from now on; the returned function tells a last time. */
  tellBy(send: (row: Row) => void, cacheEntries: () => number): () => void;
}

export function createFrontCounts(): FrontCounts {
  const tally = createTally('front');
  const served = countersBy(tally, 'pamhook_identity_lookups_total', 'result', [
    'hit',
    'shared',
    'miss',
    'stale',
    'failed',
  ]);
  return {
    traffic: countTraffic(tally),
    review: countReviews(tally),
    served: (how) => served[how](),
    countLogins: (login) => countTurnedAway(login, tally.counter('pamhook_logins_turned_away_total')),
    tellBy(send, cacheEntries) {
      const entries = tally.gauge('pamhook_identity_cache_entries');
      const tell = () => {
        entries(cacheEntries());
        send(tally.row());
      };
      const timer = setInterval(tell, INTERVAL);
      timer.unref();
      return () => {
        clearInterval(timer);
        tell();
      };
    },
  };
}

function countReviews(tally: Tally): FrontCounts['review'] {
  const answers = countersBy(tally, 'pamhook_reviews_total', 'answer', ['yes', 'no', 'unavailable']);
  const errors = countersBy(tally, 'pamhook_review_errors_total', 'code', Object.keys(errorCodes) as ErrorCode[]);
  const took = tally.histogram('pamhook_review_duration_seconds');
  return (outcome, milliseconds) => {
    answers[outcome.answer]();
    took(milliseconds / 1000);
    if (outcome.answer === 'unavailable') errors[outcome.code]();
  };
}

const CLASSES = ['2xx', '3xx', '4xx', '5xx', 'none'] as const;

function countTraffic(tally: Tally): Traffic {
  const turnedAway = countersBy(tally, 'pamhook_connections_turned_away_total', 'reason', ['source', 'total']);
  const accepted = tally.counter('pamhook_connections_accepted_total');
  const open = tally.gauge('pamhook_connections');
  const failed = tally.counter('pamhook_tls_handshake_failures_total');
  const answered = new Map(
    paths.map((path) => [
      path as string,
      CLASSES.map((status) => tally.counter('pamhook_http_requests_total', { path, status })),
    ]),
  );
  const others = answered.get('other') ?? [];
  let connections = 0;
  open(0);
  return {
    opened() {
      accepted();
      open(++connections);
    },
    closed: () => open(--connections),
    turnedAway: (reason) => turnedAway[reason](),
    handshakeFailed: () => failed(),
    answered: (path, status) => (answered.get(path) ?? others)[classOf(status)]?.(),
  };
}

/** The place of its class. */
function classOf(status: number | undefined): number {
  return status === undefined || status < 200 ? 4 : Math.min(3, Math.floor(status / 100) - 2);
}

/** A client that went away gave up its place itself. */
function countTurnedAway(login: Login, count: () => void): Login {
  return async (request, signal) => {
    try {
      return await login(request, signal);
    } catch (fault) {
      if (fault instanceof PamhookError && fault.code === 'ERR_LOGIN_QUEUE_FULL' && !signal.aborted) count();
      throw fault;
    }
  };
}
