/** Reads a request's body within bounds, whatever the client declares, sends or leaves out; runs in the front. */
import type { IncomingMessage } from 'node:http';

export type BodyFault = 'too large' | 'no room' | 'cut short';

/** What all large bodies together may hold. Small ones need no room: reviews go on while a flood of large ones is under way. */
export interface BodyRoom {
  readonly small: number;
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export function createBodyRoom(small: number, large: number): BodyRoom {
  let free = large;
  return {
    small,
    take: (bytes) => {
      if (bytes > free) return false;
      free -= bytes;
      return true;
    },
    give: (bytes) => {
      free += bytes;
    },
  };
}

/**
 * The whole body, of at most `limit` bytes. One that is larger is read on and thrown away up to twice the limit, so that
 * the client gets to the answer; the caller then closes the connection.
 */
export function readBody(request: IncomingMessage, limit: number, room: BodyRoom): Promise<Buffer | BodyFault> {
  return new Promise((resolve) => {
    const declared = declaredLength(request);
    const collected = collect(limit, declared ?? limit, room);
    function finish(result: Buffer | BodyFault): void {
      // What still comes has no reader then; Node throws it away.
      if (result === 'too large') request.removeAllListeners('data');
      collected.release();
      resolve(result);
    }
    if (declared !== undefined && declared > 2 * limit) {
      finish('too large');
      return;
    }
    request.on('data', (chunk: Buffer) => {
      collected.add(chunk);
      if (collected.length() > 2 * limit) finish('too large');
    });
    request.once('end', () => finish(collected.fault() ?? collected.bytes()));
    request.once('close', () => finish('cut short'));
  });
}

/** readBody() for a `limit` so small that no body need wait for room. */
export function readSmallBody(request: IncomingMessage, limit: number): Promise<Buffer | BodyFault> {
  return readBody(request, limit, { small: limit, take: () => true, give: () => {} });
}

function declaredLength(request: IncomingMessage): number | undefined {
  const length = request.headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

/** One growing buffer: kept as they come, a body sent byte by byte would hold a hundred times its size. */
function collect(limit: number, expected: number, room: BodyRoom) {
  let store: Buffer = Buffer.alloc(0);
  let length = 0;
  let taken = 0;
  let fault: BodyFault | undefined;

  function grow(needed: number): boolean {
    // Never ahead of what has come by more than as much again: to declare a large body is to hold nothing yet.
    const ahead = Math.max(needed, 2 * store.length);
    // A small body stays one, whose length nobody declared: it needs no room.
    const capacity = Math.min(limit, expected, needed <= room.small ? Math.min(ahead, room.small) : ahead);
    const more = capacity > room.small ? capacity - taken : 0;
    if (!room.take(more)) return false;
    taken += more;
    const larger = Buffer.allocUnsafeSlow(capacity);
    store.copy(larger, 0, 0, length);
    store = larger;
    return true;
  }

  function add(chunk: Buffer): void {
    const start = length;
    length += chunk.length;
    if (length > limit) fault = 'too large';
    else if (start === 0 && length <= room.small) store = chunk;
    else if (length > store.length && !grow(length)) fault ??= 'no room';
    if (fault !== undefined) store = Buffer.alloc(0);
    else if (store !== chunk) chunk.copy(store, start);
  }

  function release(): void {
    room.give(taken);
    taken = 0;
  }

  return { add, release, length: () => length, fault: () => fault, bytes: () => store.subarray(0, length) };
}
