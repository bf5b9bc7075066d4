/** Writes whole lines to a descriptor, each with one write(2), and never lets a torn line run into the next; used by every process. */

/** One write(2): the bytes written. Throws Node's errors. */
export type Write = (fd: number, data: Buffer) => number;

export interface LineWriter {
  /** Throws Error when the line, with its newline, was not taken in full. */
  write(line: string): void;
}

/** `torn`: what stands there already may lack its newline. */
export function createLineWriter(fd: number, write: Write, torn = false): LineWriter {
  return {
    write(line) {
      // In the same write: a newline of its own could be the last thing that fits.
      const data = Buffer.from(torn ? `\n${line}` : line);
      const written = write(fd, data);
      if (written > 0) torn = data[written - 1] !== 0x0a;
      if (written !== data.length) throw new Error(`wrote ${written} of ${data.length} bytes`);
    },
  };
}
