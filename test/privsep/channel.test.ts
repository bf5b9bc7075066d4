import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { type Channel, fitsInFrame, MAX_FRAME, openChannel } from '#src/privsep/channel.js';
import { object, secret, text } from '#src/privsep/shape.js';
import { Secret } from '#src/secret.js';

const shape = object({ say: text(MAX_FRAME) });
type Say = { readonly say: string };

/** Two ends of a stream, each a Duplex; `raw` writes bytes past the channel. */
function pair() {
  const ends: Duplex[] = [];
  for (const other of [1, 0]) {
    ends.push(
      new Duplex({
        read() {},
        write(chunk, _encoding, done) {
          ends[other]?.push(Buffer.from(chunk));
          done();
        },
        final(done) {
          ends[other]?.push(null);
          done();
        },
      }),
    );
  }
  return ends as [Duplex, Duplex];
}

function listen(stream: Duplex) {
  const frames: Say[] = [];
  let channel: Channel<Say> | undefined;
  const ended = new Promise<Error | undefined>((resolve) => {
    channel = openChannel<Say, Say>(stream, shape, { onFrame: (frame) => frames.push(frame), onEnd: resolve });
  });
  return { frames, ended, channel: channel as Channel<Say> };
}

function frame(json: string): Buffer {
  const bytes = Buffer.alloc(4 + Buffer.byteLength(json));
  bytes.writeUInt32BE(bytes.length - 4);
  bytes.write(json, 4);
  return bytes;
}

describe('a channel', () => {
  it('delivers frames whole and in order, however the bytes are cut', async () => {
    const [left, right] = pair();
    const { frames, ended } = listen(right);
    const bytes = Buffer.concat(['a', 'ü\u0000', 'c'.repeat(5000)].map((say) => frame(JSON.stringify({ say }))));
    for (let at = 0; at < bytes.length; at += 7) left.write(bytes.subarray(at, at + 7));
    left.end();
    assert.equal(await ended, undefined);
    assert.deepEqual(
      frames.map(({ say }) => say),
      ['a', 'ü\u0000', 'c'.repeat(5000)],
    );
  });

  const attacks: Record<string, Buffer> = {
    'a length over the bound': Buffer.from([0, 1, 0, 1]),
    'no JSON': frame('{"say":'),
    'JSON of another shape': frame('{"say":1}'),
    'a member nobody knows': frame('{"say":"a","more":1}'),
    'a prototype': frame('{"__proto__":{"say":"a"}}'),
    'an empty frame': frame(''),
  };
  for (const [name, bytes] of Object.entries(attacks)) {
    it(`ends at ${name}, and delivers nothing after it`, async () => {
      const [left, right] = pair();
      const { frames, ended } = listen(right);
      left.write(Buffer.concat([frame('{"say":"before"}'), bytes, frame('{"say":"after"}')]));
      const fault = await ended;
      assert.equal((fault as { code?: string } | undefined)?.code, 'ERR_PROTOCOL');
      assert.deepEqual(frames, [{ say: 'before' }]);
      assert.equal(right.destroyed, true);
    });
  }

  it('never quotes what a broken frame held', async () => {
    const [left, right] = pair();
    const { ended } = listen(right);
    left.write(frame('{"say":"hunter2" oops'));
    assert.doesNotMatch(String(await ended), /hunter2/);
  });

  it('refuses to send a frame over the bound, and takes one of exactly the bound', async () => {
    const [left, right] = pair();
    const { channel } = listen(left);
    const { frames } = listen(right);
    const room = MAX_FRAME - Buffer.byteLength('{"say":""}');
    assert.throws(() => channel.send({ say: 'a'.repeat(room + 1) }), { code: 'ERR_PROTOCOL' });
    channel.send({ say: 'a'.repeat(room) });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(frames[0]?.say.length, room);
    assert.equal(fitsInFrame({ say: 'a'.repeat(room) }), true);
    assert.equal(fitsInFrame({ say: 'a'.repeat(room + 1) }), false);
  });

  it('ends when the peer leaves more frames unread than it may, and keeps none of them', async () => {
    const held: (() => void)[] = [];
    const deaf = new Duplex({ read() {}, write: (_chunk, _encoding, done) => void held.push(done) });
    const ended = new Promise<Error | undefined>((resolve) => {
      const channel = openChannel<Say, Say>(deaf, shape, { onFrame() {}, onEnd: resolve }, 3);
      for (const say of ['a', 'b', 'c']) channel.send({ say });
      held.shift()?.();
      setImmediate(() => {
        channel.send({ say: 'd' });
        assert.equal(deaf.destroyed, false, 'one was read');
        channel.send({ say: 'e' });
        channel.send({ say: 'f' });
      });
    });
    assert.match(String(await ended), /more than 3 frames wait to be read/);
    assert.equal(deaf.destroyed, true);
  });

  it('delivers nothing after it is cut, not even what has come already, nor its end', async () => {
    const [left, right] = pair();
    const frames: Say[] = [];
    const channel: Channel<Say> = openChannel<Say, Say>(right, shape, {
      onFrame(say) {
        frames.push(say);
        channel.cut();
      },
      onEnd: () => assert.fail('no event follows'),
    });
    left.write(Buffer.concat(['a', 'b'].map((say) => frame(JSON.stringify({ say })))));
    left.end();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(frames, [{ say: 'a' }]);
  });

  it('carries secrets as bytes, which print nowhere else', async () => {
    const [left, right] = pair();
    const sender = openChannel<Say, { password: Secret }>(left, shape, { onFrame() {}, onEnd() {} });
    const received = new Promise<{ password: Secret }>((resolve) => {
      openChannel(right, object({ password: secret(64) }), { onFrame: resolve, onEnd() {} });
    });
    sender.send({ password: new Secret(Buffer.from([0, 255, 10])) });
    const { password } = await received;
    assert.deepEqual(password.bytes(), Buffer.from([0, 255, 10]));
    assert.equal(JSON.stringify({ password }), '{"password":"[redacted]"}');
  });

  it('overwrites the bytes it received and sent', async () => {
    const [left, right] = pair();
    const chunk = frame('{"say":"hunter2"}');
    const kept: Buffer[] = [];
    right.on('data', (data: Buffer) => kept.push(data));
    const { frames } = listen(right);
    left.write(chunk);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(frames, [{ say: 'hunter2' }]);
    assert.equal(Buffer.concat(kept).includes('hunter2'), false);
  });
});
