/** Bodies read in pieces of any size, whatever length was declared. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { createBodyRoom, readBody } from '#src/http/body.js';
import { pieces } from '../harness/edited.js';
import { fc } from '../harness/property.js';

const LIMIT = 200;
const SMALL = 50;

/** `declared`: the Content-Length. The stream breaks off after the pieces unless it is whole. */
function requestOf(parts: readonly Buffer[], declared: number | undefined, isWhole: boolean): IncomingMessage {
  const stream = new PassThrough();
  const headers = declared === undefined ? {} : { 'content-length': String(declared) };
  for (const part of parts) stream.write(part);
  if (isWhole) stream.end();
  else setImmediate(() => stream.destroy());
  return Object.assign(stream, { headers }) as unknown as IncomingMessage;
}

const bytes = fc.uint8Array({ maxLength: 2 * LIMIT + 50, size: 'max' }).map((value) => Buffer.from(value));
const cuts = fc.array(fc.nat(1000), { maxLength: 12 });

describe('readBody()', () => {
  it('needs no room for a small body, whose length nobody declared', async () => {
    const [first, rest] = [Buffer.alloc(SMALL - 10, 1), Buffer.alloc(10, 2)];
    const room = createBodyRoom(SMALL, 0);
    const result = await readBody(requestOf([first, rest], undefined, true), LIMIT, room);
    assert.deepEqual(result, Buffer.concat([first, rest]));
  });

  it('gives the bytes that came, or says that there are too many, no room, or some missing', async () => {
    const declares = fc.constantFrom('nothing', 'the length', 'more');
    const room = fc.constantFrom(0, 60, 120, 1000);
    await fc.assert(
      fc.asyncProperty(bytes, cuts, declares, fc.boolean(), room, async (body, at, what, isWhole, large) => {
        const lengths = {
          nothing: undefined,
          'the length': body.length,
          more: body.length + 9,
        };
        const declared = lengths[what];
        const rooms = createBodyRoom(SMALL, large);
        let taken = 0;
        const watched = {
          small: SMALL,
          take: (count: number) => {
            if (!rooms.take(count)) return false;
            taken += count;
            return true;
          },
          give: (count: number) => {
            taken -= count;
            rooms.give(count);
          },
        };
        const result = await readBody(requestOf(pieces(body, at), declared, isWhole), LIMIT, watched);
        assert.equal(taken, 0, 'all room is given back');
        assert.ok(rooms.take(large), 'all of it');
        if (Buffer.isBuffer(result)) return assert.deepEqual([result, isWhole], [body, true]);
        if (result === 'too large') return assert.ok(body.length > LIMIT || (declared ?? 0) > 2 * LIMIT);
        if (result === 'no room') return assert.ok(body.length > SMALL && large < LIMIT);
        assert.equal(isWhole, false);
      }),
      { numRuns: 500 },
    );
  });
});
