/** Bodies read in pieces of any size, whatever length was declared. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { readBody, readSmallBody } from '#src/http/body.js';
import { createBodyRoom } from '#src/http/body-room.js';
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

/** Room that knows how many pieces are taken, and how many were at most. */
function watchedRoom(bytes: number) {
  const room = createBodyRoom(SMALL, bytes);
  const seen = { taken: 0, most: 0 };
  const watched: typeof room = {
    ...room,
    take() {
      const piece = room.take();
      if (piece !== undefined) seen.taken += 1;
      seen.most = Math.max(seen.most, seen.taken);
      return piece;
    },
    give(given) {
      room.give(given);
      seen.taken -= given.length;
    },
  };
  return { seen, room: watched };
}

/** Nothing is cut. */
const limited = (whole: number) => ({ whole, kept: whole, stringCharacters: whole });
const copy = (body: Buffer) => Buffer.from(body);

const bytes = fc.uint8Array({ maxLength: 2 * LIMIT + 50, size: 'max' }).map((value) => Buffer.from(value));
const cuts = fc.array(fc.nat(1000), { maxLength: 12 });

describe('readBody()', () => {
  it('needs no room for a small body, whose length nobody declared', async () => {
    const [first, rest] = [Buffer.alloc(SMALL - 10, 1), Buffer.alloc(10, 2)];
    const room = createBodyRoom(SMALL, 0);
    const result = await readBody(requestOf([first, rest], undefined, true), limited(LIMIT), room, copy);
    assert.deepEqual(result, Buffer.concat([first, rest]));
  });

  it('gives the bytes that came, or says that there are too many, no room, or some missing', async () => {
    const declares = fc.constantFrom('nothing', 'the length', 'more');
    const sizes = fc.constantFrom(0, 60, 120, 1000);
    await fc.assert(
      fc.asyncProperty(bytes, cuts, declares, fc.boolean(), sizes, async (body, at, what, isWhole, large) => {
        const lengths = {
          nothing: undefined,
          'the length': body.length,
          more: body.length + 9,
        };
        const declared = lengths[what];
        const { room, seen } = watchedRoom(large);
        const result = await readBody(requestOf(pieces(body, at), declared, isWhole), limited(LIMIT), room, copy);
        assert.equal(seen.taken, 0, 'all room is given back');
        assert.ok(seen.most <= Math.ceil(body.length / SMALL));
        if (large >= SMALL) assert.ok(room.take(), 'and can be taken again');
        if (Buffer.isBuffer(result)) return assert.deepEqual([result, isWhole], [body, true]);
        if (result === 'too large') return assert.ok(body.length > LIMIT || (declared ?? 0) > 2 * LIMIT);
        if (result === 'no room') return assert.ok(body.length > SMALL && large < LIMIT);
        assert.equal(isWhole, false);
      }),
      { numRuns: 500 },
    );
  });

  it('needs no room where all bodies are small', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, cuts, async (body, at) => {
        const result = await readSmallBody(requestOf(pieces(body, at), undefined, true), LIMIT);
        if (body.length > LIMIT) assert.equal(result, 'too large');
        else assert.deepEqual(result, body);
      }),
    );
  });

  it('does not mix bodies that are read at the same time', async () => {
    const room = createBodyRoom(SMALL, 100 * SMALL);
    const bodies = Array.from({ length: 10 }, (_, index) => Buffer.alloc(5 * SMALL + index, index));
    const read = bodies.map((body) => {
      const cut = Array.from({ length: Math.ceil(body.length / 7) }, (_, at) => body.subarray(at * 7, at * 7 + 7));
      return readBody(requestOf(cut, undefined, true), limited(1000), room, copy);
    });
    assert.deepEqual(await Promise.all(read), bodies);
  });

  it('throws what the reader throws, and gives the room back', async () => {
    const { room, seen } = watchedRoom(4096);
    const read = () => {
      throw new TypeError('cannot be read');
    };
    const body = [Buffer.alloc(100)];
    await assert.rejects(readBody(requestOf(body, undefined, true), limited(4096), room, read), TypeError);
    assert.equal(seen.taken, 0);
  });
});
