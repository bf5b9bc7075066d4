/** What makes the front say that it is not ready, each by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReadiness } from '#src/privsep/readiness.js';
import { collectingLogger, type LogLine } from '../http/front.js';
import { newCertificate } from '../keys/certificates.js';

const FROM = Date.UTC(2030, 0, 1);
const TO = Date.UTC(2031, 0, 1);
const { certificate } = await newCertificate({ notBefore: FROM, notAfter: TO });

function fixture() {
  const clock = { now: 0, time: FROM + 1_000 };
  const database = { answers: true };
  const lines: LogLine[] = [];
  const front = createReadiness({
    cert: certificate,
    keys: 1,
    nss: async () => database.answers,
    log: collectingLogger(lines),
    now: () => clock.now,
    time: () => clock.time,
  });
  const hear = (workers = true, stopping = false) => front.hear({ kind: 'health', workers, stopping });
  hear();
  const failed = async () => (await front.readiness()).filter(({ ok }) => !ok).map(({ name }) => name);
  return { front, clock, database, lines, hear, failed };
}

test('all is well: nothing fails, and nothing is logged', async () => {
  const { failed, lines } = fixture();
  assert.deepEqual(await failed(), []);
  assert.deepEqual(lines, []);
});

test('without a key', async () => {
  const { front, failed } = fixture();
  front.changeKeys(0);
  assert.deepEqual(await failed(), ['keys']);
  front.changeKeys(2);
  assert.deepEqual(await failed(), []);
});

test('with a certificate that is not in force yet, or no longer, until another is', async () => {
  const { front, clock, failed } = fixture();
  clock.time = FROM - 1_000;
  assert.deepEqual(await failed(), ['certificate']);
  clock.time = TO + 1_000;
  assert.deepEqual(await failed(), ['certificate']);
  const next = await newCertificate({ notBefore: TO, notAfter: TO + 3_600_000 });
  front.changeCertificate(next.certificate);
  assert.deepEqual(await failed(), []);
});

test('when no PAM worker answers, or the supervisor says no more', async () => {
  const { clock, hear, failed } = fixture();
  hear(false);
  assert.deepEqual(await failed(), ['pam-worker']);
  hear(true);
  clock.now += 4_999;
  assert.deepEqual(await failed(), []);
  clock.now += 1;
  assert.deepEqual(await failed(), ['pam-worker']);
});

test('when the user database does not answer: said once in the log, and once that all is well again', async () => {
  const { database, lines, failed } = fixture();
  database.answers = false;
  for (let count = 0; count < 3; count += 1) assert.deepEqual(await failed(), ['nss']);
  database.answers = true;
  assert.deepEqual(await failed(), []);
  assert.deepEqual(
    lines.map(({ level, message, fields }) => [level, message, fields]),
    [
      ['warn', 'not ready', { failed: ['nss'] }],
      ['info', 'ready', {}],
    ],
  );
});

test('once the daemon stops, for good', async () => {
  const { hear, failed } = fixture();
  hear(true, true);
  assert.deepEqual(await failed(), ['shutdown']);
  hear(true, false);
  assert.deepEqual(await failed(), ['shutdown']);
});
