/** A channel between two processes: length-prefixed JSON frames over an inherited socketpair. Used by all processes. */
import type { Duplex } from 'node:stream';
import { PamhookError } from '../errors.js';
import { Secret } from '../secret.js';
import type { Shape } from './shape.js';

/** Bytes of JSON in one frame, at most. */
export const MAX_FRAME = 64 * 1024;

const HEADER = 4;

export interface Channel<Out> {
  /** Queues one frame. Throws ERR_PROTOCOL when it would be larger than MAX_FRAME. */
  send(frame: Out): void;
  /** Ends the channel; the peer sees the end of the stream. */
  close(): void;
  /** Ends it at once: no event follows, whatever the peer has sent. */
  cut(): void;
}

export interface ChannelEvents<In> {
  onFrame(frame: In): void;
  /** Once, when the channel is over: undefined after an orderly end, else what broke it. No frame follows. */
  onEnd(fault: Error | undefined): void;
}

/**
 * Speaks frames over `stream`. Every frame is checked by `shape` on arrival; the first that is too long, no JSON or of
 * no known shape destroys the stream, and so does a peer that leaves more than MAX_UNREAD unread. Bytes of frames are overwritten after use, since some carry passwords and keys.
 */
export function openChannel<In, Out>(
  stream: Duplex,
  shape: Shape<In>,
  events: ChannelEvents<In>,
  mostUnread = Number.POSITIVE_INFINITY,
): Channel<Out> {
  let pending: Buffer = Buffer.alloc(0);
  let unread = 0;
  let over = false;

  function cut(): void {
    over = true;
    pending.fill(0);
    stream.destroy();
  }

  function end(fault: Error | undefined): void {
    if (over) return;
    cut();
    events.onEnd(fault);
  }

  function deliverAll(): void {
    while (!over && pending.length >= HEADER) {
      const length = pending.readUInt32BE(0);
      if (length > MAX_FRAME) throw new PamhookError('ERR_PROTOCOL', 'a frame is too long');
      if (pending.length < HEADER + length) return;
      const body = pending.subarray(HEADER, HEADER + length);
      const frame = parseFrame(body, shape);
      body.fill(0);
      pending = pending.subarray(HEADER + length);
      events.onFrame(frame);
    }
  }

  stream.on('data', (chunk: Buffer) => {
    const joined = Buffer.concat([pending, chunk]);
    pending.fill(0);
    chunk.fill(0);
    pending = joined;
    try {
      deliverAll();
    } catch (fault) {
      end(fault as Error);
    }
  });
  stream.on('end', () => end(undefined));
  stream.on('close', () => end(undefined));
  stream.on('error', (fault) => end(fault));

  return {
    send(frame) {
      if (over) return;
      const bytes = encodeFrame(frame);
      unread += 1;
      stream.write(bytes, () => {
        unread -= 1;
        bytes.fill(0);
      });
      if (unread > mostUnread) end(new PamhookError('ERR_PROTOCOL', `more than ${mostUnread} frames wait to be read`));
    },
    close: () => stream.end(),
    cut,
  };
}

function parseFrame<In>(body: Buffer, shape: Shape<In>): In {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    // The parser's own message quotes the input: it must not travel on.
    throw new PamhookError('ERR_PROTOCOL', 'a frame is no JSON');
  }
  return shape(value, 'frame');
}

/** Whether a frame is small enough to be sent. */
export function fitsInFrame(frame: unknown): boolean {
  return Buffer.byteLength(JSON.stringify(revealSecrets(frame))) <= MAX_FRAME;
}

/** Secrets print as `[redacted]` everywhere but here. */
function encodeFrame(frame: unknown): Buffer {
  const json = JSON.stringify(revealSecrets(frame));
  const length = Buffer.byteLength(json);
  if (length > MAX_FRAME) throw new PamhookError('ERR_PROTOCOL', 'a frame would be too long');
  const bytes = Buffer.allocUnsafeSlow(HEADER + length);
  bytes.writeUInt32BE(length, 0);
  bytes.write(json, HEADER, 'utf8');
  return bytes;
}

function revealSecrets(value: unknown): unknown {
  if (value instanceof Secret) return value.bytes().toString('base64');
  if (Array.isArray(value)) return value.map(revealSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, revealSecrets(member)]));
}
