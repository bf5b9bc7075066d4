import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countCallers } from '#src/privsep/caller-counter.js';
import { type FromFront, fromFront } from '#src/privsep/protocol.js';
import { collectingLogger, type LogLine } from '../http/front.js';

function setUp() {
  const frames: FromFront[] = [];
  const lines: LogLine[] = [];
  const clock = { now: 1_000 };
  const counter = countCallers(
    (frame) => frames.push(frame),
    collectingLogger(lines),
    () => clock.now,
  );
  return { counter, frames, lines, clock };
}

test('countCallers() logs each cause at once, then every ten seconds at most, with how many came between', () => {
  const { counter, lines, clock } = setUp();
  const refuse = (fault: 'expired' | 'no certificate', times = 1) => {
    for (let turn = 0; turn < times; turn++) counter.refused({ fault, source: '192.0.2.1', requestId: 'r' });
  };
  refuse('expired', 5);
  refuse('no certificate');
  assert.deepEqual(
    lines.map(({ level, fields }) => [level, fields['reason'], fields['othersBefore']]),
    [
      ['warn', 'expired', undefined],
      ['warn', 'no certificate', undefined],
    ],
  );
  clock.now += 9_999;
  refuse('expired');
  assert.equal(lines.length, 2);
  clock.now += 1;
  refuse('expired', 3);
  assert.equal(lines.length, 3);
  assert.equal(lines[2]?.fields['othersBefore'], 5);
  counter.stop();
});

test('countCallers() keeps apart 256 sources, and sends frames that the supervisor takes', () => {
  const { counter, frames } = setUp();
  for (let host = 0; host < 1_000; host++) {
    const source = `10.0.${host >> 8}.${host & 255}`;
    counter.refused({ fault: 'unknown issuer', source, requestId: 'r', commonName: 'x' });
  }
  counter.stop();
  const entries = frames.flatMap((frame) => {
    const taken = fromFront(frame, 'frame');
    return taken.kind === 'reviews' ? taken.entries : [];
  });
  assert.equal(entries.length, 257);
  assert.equal(
    entries.reduce((sum, { count }) => sum + count, 0),
    1_000,
  );
  assert.equal(entries.at(-1)?.source, 'other');
  assert.ok(entries.every(({ answer, reason }) => answer === 'unauthorized' && reason === 'unknown issuer'));
});
