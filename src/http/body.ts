/** Reads a request's body within bounds, whatever the client declares, sends or leaves out; runs in the front. */
import type { IncomingMessage } from 'node:http';
import { type BodyRoom, createBodyRoom } from './body-room.js';
import { createStringCutter } from './long-strings.js';

export type BodyFault = 'too large' | 'too much' | 'no room' | 'cut short';

/** How large a body may be, in bytes. */
export interface BodyLimits {
  readonly whole: number;
  /** What of a large one may be left when its strings are cut. */
  readonly kept: number;
  /** A string of more UTF-16 code units is cut to some that are still more: only its length can count. */
  readonly stringCharacters: number;
}

/**
 * What `read` makes of the body; it must not keep its bytes, since their memory is used again. One that is larger than its
 * limit is read on and thrown away up to twice that, so that the client gets to the answer; the caller then closes the connection.
 */
export function readBody<T extends object>(
  request: IncomingMessage,
  limits: BodyLimits,
  room: BodyRoom,
  read: (body: Buffer) => T,
): Promise<T | BodyFault> {
  return new Promise((resolve, reject) => {
    const declared = declaredLength(request);
    // Most bodies come whole, in one piece, and need nothing more.
    let only: Buffer | undefined;
    let collected: ReturnType<typeof collect> | undefined;
    let isOver = false;
    function add(chunk: Buffer): void {
      if (collected === undefined && only === undefined && chunk.length <= Math.min(limits.whole, room.small)) {
        only = chunk;
        return;
      }
      collected ??= collect(limits, declared ?? limits.whole, room);
      if (only !== undefined) collected.add(only);
      only = undefined;
      collected.add(chunk);
      if (collected.length() > 2 * limits.whole) finish('too large');
    }
    function finish(fault: BodyFault | undefined): void {
      if (isOver) return;
      isOver = true;
      try {
        resolve(fault ?? (collected === undefined ? read(only ?? EMPTY) : collected.read(read)));
      } catch (error) {
        reject(error);
      }
      // What still comes has no reader then; Node throws it away.
      if (fault === 'too large') request.removeAllListeners('data');
      collected?.release();
    }
    if (declared !== undefined && declared > 2 * limits.whole) {
      finish('too large');
      return;
    }
    request.on('data', add);
    request.on('end', () => finish(collected?.fault()));
    request.on('close', () => finish('cut short'));
  });
}

const EMPTY = Buffer.alloc(0);

/** The whole body, by readBody(), for a `limit` so small that no body need wait for room. */
export function readSmallBody(request: IncomingMessage, limit: number): Promise<Buffer | BodyFault> {
  const limits = { whole: limit, kept: limit, stringCharacters: limit };
  return readBody(request, limits, createBodyRoom(limit, 0), (body) => body);
}

function declaredLength(request: IncomingMessage): number | undefined {
  const length = request.headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

/** Copied out of what the socket gave: kept as they come, a body sent byte by byte would hold a hundred times its size. */
function collect({ whole, kept, stringCharacters }: BodyLimits, expected: number, room: BodyRoom) {
  let small: Buffer = Buffer.alloc(0);
  const pieces: Buffer[] = [];
  const cut = createStringCutter(stringCharacters, fill);
  let stored = 0;
  let length = 0;
  let fault: BodyFault | undefined;

  function storeSmall(chunk: Buffer): void {
    // Most bodies come whole, and need no copy.
    if (stored === 0) small = chunk;
    else {
      if (length > small.length) small = enlarged();
      chunk.copy(small, stored);
    }
    stored = length;
  }

  /** Never ahead of what has come by more than as much again: to declare a body is to hold nothing yet. */
  function enlarged(): Buffer {
    const larger = Buffer.allocUnsafeSlow(Math.max(length, Math.min(2 * small.length, expected, room.small)));
    small.copy(larger, 0, 0, stored);
    return larger;
  }

  function storeLarge(chunk: Buffer): void {
    if (pieces.length === 0 && stored > 0) {
      const before = small.subarray(0, stored);
      stored = 0;
      cut(before);
    }
    cut(chunk);
    free(chunk);
    if (stored > kept) fault ??= 'too much';
  }

  function fill(bytes: Buffer): void {
    for (let from = 0; from < bytes.length && fault === undefined; ) {
      const piece = stored < pieces.length * room.small ? pieces.at(-1) : room.take();
      if (piece === undefined) fault = 'no room';
      else {
        if (piece !== pieces.at(-1)) pieces.push(piece);
        const copied = bytes.copy(piece, stored % room.small, from);
        from += copied;
        stored += copied;
      }
    }
  }

  function add(chunk: Buffer): void {
    length += chunk.length;
    if (length > whole) fault = 'too large';
    else if (fault === undefined && length <= room.small) storeSmall(chunk);
    else if (fault === undefined) storeLarge(chunk);
    if (fault !== undefined) release();
  }

  function release(): void {
    small = Buffer.alloc(0);
    room.give(pieces.splice(0));
  }

  function read<T>(use: (body: Buffer) => T): T {
    return pieces.length === 0 ? use(small.subarray(0, stored)) : room.join(pieces, stored, use);
  }

  return { add, release, length: () => length, fault: () => fault, read };
}

/** Of ES2024; Node 20 leaves it all to the garbage collector, which comes when some 50 MiB have gathered. */
interface Transferable extends ArrayBuffer {
  transfer?(newLength: number): ArrayBuffer;
}

/** Gives back at once the memory of what was copied, where nothing else is in it. */
function free(chunk: Buffer): void {
  const memory = chunk.buffer as Transferable;
  if (memory.byteLength === chunk.byteLength) memory.transfer?.(0);
}
