import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fitsInFrame } from '#src/privsep/channel.js';
import { type FromFront, fromFront } from '#src/privsep/protocol.js';
import { countVanished } from '#src/privsep/vanished-counter.js';

function setUp() {
  const sent: FromFront[] = [];
  return { sent, counter: countVanished((frame) => sent.push(frame)) };
}

describe('the counter of vanished users', () => {
  it('counts by user and by what the second look saw', () => {
    const { sent, counter } = setUp();
    for (const again of ['not found', 'failed', 'failed'] as const) counter.count({ username: 'dora', again });
    counter.count({ username: 'finn', again: 'found' });
    counter.stop();
    const entries = [
      { user: 'dora', again: 'not found', count: 1 },
      { user: 'dora', again: 'failed', count: 2 },
      { user: 'finn', again: 'found', count: 1 },
    ];
    assert.deepEqual(sent, [{ kind: 'vanished', entries }]);
  });

  it('sends the longest names in frames that the supervisor takes, and no more than a bound of them', () => {
    const { sent, counter } = setUp();
    for (let index = 0; index < 3_000; index += 1) {
      counter.count({ username: `${index}`.padStart(511, '"'), again: 'not found' });
    }
    counter.stop();
    for (const frame of sent) {
      assert.ok(fitsInFrame(frame));
      fromFront(JSON.parse(JSON.stringify(frame)), 'frame');
    }
    const entries = sent.flatMap((frame) => (frame.kind === 'vanished' ? frame.entries : []));
    assert.deepEqual([entries.length, entries.at(-1)?.user, entries.at(-1)?.count], [1025, 'other', 1976]);
  });
});
