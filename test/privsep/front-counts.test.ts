import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnavailableError } from '#src/errors.js';
import type { MetricName } from '#src/metrics/catalogue.js';
import { findSeries, type LabelValues, type Row } from '#src/metrics/series.js';
import { createFrontCounts } from '#src/privsep/front-counts.js';
import type { Login, LoginRequest } from '#src/token/login.js';

function fixture() {
  const rows: Row[] = [];
  const counts = createFrontCounts();
  const tell = counts.tellBy(
    (row) => rows.push(row),
    () => 3,
  );
  const value = (name: MetricName, labels: LabelValues = {}) => {
    tell();
    return rows.at(-1)?.[findSeries(name, labels).at];
  };
  return { counts, value };
}

test('reviews are counted by answer, and those that could not be checked by code', () => {
  const { counts, value } = fixture();
  counts.review({ answer: 'yes', source: '::1' }, 1);
  counts.review({ answer: 'no', refusal: 'malformed', source: '::1' }, 1);
  counts.review({ answer: 'unavailable', code: 'ERR_NSS_TIMEOUT', source: '::1' }, 5_000);
  const answers = ['yes', 'no', 'unavailable'].map((answer) => value('pamhook_reviews_total', { answer }));
  assert.deepEqual(answers, [1, 1, 1]);
  assert.equal(value('pamhook_review_errors_total', { code: 'ERR_NSS_TIMEOUT' }), 1);
  assert.equal(value('pamhook_review_errors_total', { code: 'ERR_NSS_FAILED' }), 0);
  assert.equal(value('pamhook_identity_cache_entries'), 3);
});

test('requests are counted by path and class, whatever is asked for and however it ends', () => {
  const { counts, value } = fixture();
  const requests = (path: string, status: string) => value('pamhook_http_requests_total', { path, status });
  for (const path of ['/x', '/token/', '__proto__', 'other']) counts.traffic.answered(path, 404);
  assert.equal(requests('other', '4xx'), 4);
  for (const status of [200, 204, 301, 401, 431, 500, 503, 599]) counts.traffic.answered('/token', status);
  for (const status of [undefined, 0, 100]) counts.traffic.answered('/token', status);
  const seen = ['2xx', '3xx', '4xx', '5xx', 'none'].map((status) => requests('/token', status));
  assert.deepEqual(seen, [2, 1, 2, 3, 3]);
});

test('connections are counted as they come, and are no more when they have gone', () => {
  const { counts, value } = fixture();
  assert.equal(value('pamhook_connections'), 0);
  for (let count = 0; count < 3; count += 1) counts.traffic.opened();
  counts.traffic.closed();
  counts.traffic.turnedAway('source');
  counts.traffic.handshakeFailed();
  assert.deepEqual([value('pamhook_connections'), value('pamhook_connections_accepted_total')], [2, 3]);
  assert.equal(value('pamhook_connections_turned_away_total', { reason: 'source' }), 1);
  assert.equal(value('pamhook_tls_handshake_failures_total'), 1);
});

test('a login without a place is counted, one whose client went away is not, and both fail as before', async () => {
  const { counts, value } = fixture();
  const fault = new UnavailableError('ERR_LOGIN_QUEUE_FULL', 'full');
  const full: Login = () => Promise.reject(fault);
  const login = counts.countLogins(full);
  const gone = AbortSignal.abort();
  const here = new AbortController().signal;
  for (const signal of [here, gone]) await assert.rejects(login({} as LoginRequest, signal), fault);
  const broken = counts.countLogins(() => Promise.reject(new UnavailableError('ERR_PAM_UNAVAILABLE', 'x')));
  await assert.rejects(broken({} as LoginRequest, here));
  assert.equal(value('pamhook_logins_turned_away_total'), 1);
});
