/** A channel against a captured peer: whatever bytes come, in whatever pieces, make the frames that stand in them or end the peer. */
import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { PamhookError } from '#src/errors.js';
import { MAX_FRAME, openChannel } from '#src/privsep/channel.js';
import { object, secret, text } from '#src/privsep/shape.js';
import { Secret } from '#src/secret.js';
import { anyString, anyText } from '../harness/any-text.js';
import { pieces } from '../harness/edited.js';
import { fc } from '../harness/property.js';

const HEADER = 4;
const shape = object({ say: text(20), word: secret(8) });
interface Say {
  readonly say: string;
  readonly word: Secret;
}

/** A stream that gives its pieces within the call, and keeps what is written to it. */
function stream() {
  const written: Buffer[] = [];
  const duplex = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      written.push(Buffer.from(chunk));
      done();
    },
  });
  return { duplex, written, receive: (piece: Buffer) => void duplex.emit('data', piece) };
}

function listener() {
  const seen = { frames: [] as { say: string; word: string }[], ends: [] as (Error | undefined)[] };
  const { duplex, receive } = stream();
  openChannel<Say, never>(duplex, shape, {
    onFrame: ({ say, word }) => seen.frames.push({ say, word: word.bytes().toString('hex') }),
    onEnd: (fault) => seen.ends.push(fault),
  });
  return { seen, receive, duplex };
}

function sent(frames: readonly Say[]): Buffer {
  const { duplex, written } = stream();
  const channel = openChannel<never, Say>(duplex, () => assert.fail(), { onFrame() {}, onEnd() {} });
  for (const frame of frames) channel.send(frame);
  return Buffer.concat(written);
}

/** What stands in the bytes, read at leisure; `broken`: how many bytes are read when the first fault is certain. */
function standingIn(bytes: Buffer): { frames: { say: string; word: string }[]; broken: number | undefined } {
  const frames: { say: string; word: string }[] = [];
  let at = 0;
  while (bytes.length - at >= HEADER) {
    const end = at + HEADER + bytes.readUInt32BE(at);
    if (end > at + HEADER + MAX_FRAME) return { frames, broken: at + HEADER };
    if (end > bytes.length) break;
    try {
      const { say, word, ...more } = JSON.parse(bytes.toString('utf8', at + HEADER, end));
      const isSecret = typeof word === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(word);
      const key = isSecret ? Buffer.from(word, 'base64') : Buffer.alloc(9);
      if (typeof say !== 'string' || say.length > 20 || key.length > 8 || Object.keys(more).length > 0)
        throw new Error();
      frames.push({ say, word: key.toString('hex') });
    } catch {
      return { frames, broken: end };
    }
    at = end;
  }
  return { frames, broken: undefined };
}

const word = fc.uint8Array({ maxLength: 8 }).map((bytes) => new Secret(Buffer.from(bytes)));
const frames = fc.array(fc.record({ say: anyString({ maxLength: 10 }), word }), { maxLength: 6 });
const cuts = fc.array(fc.nat(2000), { maxLength: 30 });

describe('a channel', () => {
  it('delivers what was sent, secrets included, in whatever pieces it arrives', () => {
    fc.assert(
      fc.property(frames, cuts, (said, at) => {
        const wanted = said.map(({ say, word: key }) => ({ say, word: key.bytes().toString('hex') }));
        const { seen, receive } = listener();
        for (const piece of pieces(sent(said), at)) receive(piece);
        assert.deepEqual(seen, { frames: wanted, ends: [] });
      }),
    );
  });

  const json = fc.oneof(
    { weight: 4, arbitrary: fc.record({ say: anyText({ maxLength: 22 }), word: fc.base64String({ maxLength: 16 }) }) },
    fc.jsonValue(),
    fc.dictionary(fc.constantFrom('say', 'word', '__proto__', 'more'), fc.oneof(fc.constant(''), fc.jsonValue())),
  );
  const framed = json.map((value) => {
    const body = Buffer.from(JSON.stringify(value));
    const header = Buffer.alloc(HEADER);
    header.writeUInt32BE(body.length);
    return Buffer.concat([header, body]);
  });
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom([0, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 1], [0xff, 0xff, 0xff, 0xff], [0, 0, 0, 2, 0xff, 0xfe])
      .map((bytes) => Buffer.from(bytes)),
  );
  const stream = fc
    .array(fc.oneof({ weight: 6, arbitrary: framed }, noise), { maxLength: 6 })
    .map((parts) => Buffer.concat(parts));

  it('delivers the frames that stand before the first fault, ends there, and takes no byte more', () => {
    fc.assert(
      fc.property(stream, cuts, (bytes, at) => {
        const wanted = standingIn(bytes);
        const { seen, receive, duplex } = listener();
        let given = 0;
        for (const piece of pieces(Buffer.from(bytes), at)) {
          given += piece.length;
          receive(piece);
          // Not a byte is waited for once the fault is certain: what a peer announces is never held.
          assert.equal(seen.ends.length, wanted.broken !== undefined && given >= wanted.broken ? 1 : 0);
        }
        assert.deepEqual(seen.frames, wanted.frames);
        assert.ok(seen.ends.every((fault) => fault instanceof PamhookError && fault.code === 'ERR_PROTOCOL'));
        assert.equal(duplex.destroyed, wanted.broken !== undefined);
      }),
      { numRuns: 1000 },
    );
  });

  it('leaves no byte of a frame in the pieces that it came in', () => {
    fc.assert(
      fc.property(stream, cuts, (bytes, at) => {
        const { receive } = listener();
        const parts = pieces(Buffer.from(bytes), at);
        for (const part of parts) receive(part);
        assert.ok(parts.every((part) => part.every((byte) => byte === 0)));
      }),
    );
  });
});
