/** The memory that all large bodies share: a bounded number of pieces, used again and again; kept by the front. */

/** What large bodies may hold together. Small ones need nothing of it: reviews go on while a flood of large ones is under way. */
export interface BodyRoom {
  /** Bytes: a body up to this needs no room, and a piece is as large. */
  readonly small: number;
  /** undefined: all the room is taken. */
  take(): Buffer | undefined;
  give(pieces: readonly Buffer[]): void;
  /** Calls `read` with the first `length` bytes of the pieces in a row. Only until it returns: their memory is used again. */
  join<T>(pieces: readonly Buffer[], length: number, read: (bytes: Buffer) => T): T;
}

/** How long unused pieces are kept for the next large body, milliseconds: longer than a flood pauses. */
const KEPT_FOR = 30_000;

/** Both in bytes. Each large body would else leave several times its size to the garbage collector, which comes late. */
export function createBodyRoom(small: number, large: number): BodyRoom {
  const most = Math.floor(large / small);
  let inUse = 0;
  let free: Buffer[] = [];
  let joined: Buffer = Buffer.alloc(0);
  let dropping: NodeJS.Timeout | undefined;

  function drop(): void {
    free = [];
    joined = Buffer.alloc(0);
  }

  return {
    small,
    take() {
      if (inUse >= most) return undefined;
      inUse += 1;
      clearTimeout(dropping);
      return free.pop() ?? Buffer.allocUnsafeSlow(small);
    },
    give(pieces) {
      if (pieces.length === 0) return;
      inUse -= pieces.length;
      free.push(...pieces);
      if (inUse === 0) dropping = setTimeout(drop, KEPT_FOR).unref();
    },
    join(pieces, length, read) {
      if (joined.length < length) joined = Buffer.allocUnsafeSlow(pieces.length * small);
      pieces.forEach((piece, index) => {
        piece.copy(joined, index * small);
      });
      return read(joined.subarray(0, length));
    },
  };
}
