import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricName } from '#src/metrics/catalogue.js';
import { findSeries, type LabelValues } from '#src/metrics/series.js';
import type { LoginResultFrame } from '#src/privsep/login-desk.js';
import { countForMetrics } from '#src/privsep/supervisor-counts.js';

const LOAD = {
  workers: { starting: 0, idle: 1, busy: 2, leaving: 0 },
  waiting: { issue: 7, vouch: 0, 'check-account': 0 },
};
const STORE = { kind: 'tcp', tls: false, host: '::1', port: 6379, database: 0 } as const;
const RULE = { freeFailures: 1, maxWait: 1, failuresPerHour: 1, sourceFreeFailures: 1, sourceFailuresPerHour: 1 };

function fixture(isShared = false) {
  const settings = {
    loginQueue: 10,
    pamWorkers: 4,
    signingKeyFile: '/nowhere/signing-key.pem',
    limitsStore: isShared ? STORE : undefined,
    loginLimits: RULE,
  };
  const clock = { now: 0 };
  const counts = countForMetrics({ settings, now: () => clock.now });
  const value = (name: MetricName, labels: LabelValues = {}) =>
    counts.rows(LOAD).supervisor[findSeries(name, labels).at];
  return { counts, clock, value };
}

const common = { kind: 'login-result', id: 1 } as const;

test('logins are counted by outcome as the audit log has them, those turned away before PAM not among them', () => {
  const { counts, clock, value } = fixture();
  const results: LoginResultFrame[] = [
    { ...common, outcome: 'issued', token: 't', expiresAt: 1, username: 'alice', messages: [] },
    { ...common, outcome: 'refused', messages: [], elapsed: 1 },
    { ...common, outcome: 'prompted', prompts: [] },
    { ...common, outcome: 'throttled', retryAfter: 1 },
    { ...common, outcome: 'unavailable', code: 'ERR_LOGIN_OVERRUN' },
    { ...common, outcome: 'unavailable', code: 'ERR_LOGIN_QUEUE_FULL' },
  ];
  for (const result of results) {
    clock.now = 0;
    const end = counts.counted();
    clock.now = 40;
    end(result);
  }
  const outcomes = ['issued', 'refused', 'prompted', 'throttled', 'unavailable'];
  assert.deepEqual(
    outcomes.map((outcome) => value('pamhook_logins_total', { outcome })),
    [1, 1, 1, 1, 1],
  );
  assert.equal(value('pamhook_login_errors_total', { code: 'ERR_LOGIN_OVERRUN' }), 1);
  const { at, metric } = findSeries('pamhook_login_duration_seconds', {});
  assert.equal(counts.rows(LOAD).supervisor[at + metric.buckets.indexOf(0.05)], 5);
});

test('workers and queue are those of the moment', () => {
  const { value } = fixture();
  assert.equal(value('pamhook_pam_workers', { state: 'busy' }), 2);
  assert.equal(value('pamhook_queue_length', { verb: 'issue' }), 7);
  assert.equal(value('pamhook_queue_limit'), 10);
});

test('deaths are counted by process; a front that was told to stop has not died', () => {
  const { counts, value } = fixture();
  counts.front.gone(true);
  counts.front.gone(false);
  counts.pool.died();
  counts.store.onDeath();
  counts.died('metrics');
  for (const process of ['front', 'worker', 'limits-store', 'metrics']) {
    assert.equal(value('pamhook_process_restarts_total', { process }), 1, process);
  }
});

test('whether counts are shared is told only where they are to be, and is a no until they are', () => {
  assert.equal(fixture().value('pamhook_limits_store_connected'), null);
  const { counts, value } = fixture(true);
  assert.equal(value('pamhook_limits_store_connected'), 0);
  counts.store.onShared(true);
  assert.equal(value('pamhook_limits_store_connected'), 1);
  counts.store.onShared(false);
  assert.equal(value('pamhook_limits_store_connected'), 0);
});

test('a key file that is gone again has no time, and disturbs nobody', () => {
  const { counts, value } = fixture();
  counts.signingKey();
  assert.equal(value('pamhook_signing_key_modified_timestamp_seconds'), null);
});
