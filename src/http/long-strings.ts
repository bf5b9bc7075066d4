/** Cuts the strings of a JSON text, as it comes in, of which only the length counts; runs in the front. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SMALL_U = 0x75;
/** `\u0041`: the most bytes that stand for one UTF-16 code unit. */
const LONGEST_ESCAPE = 6;

/**
 * Takes a text of UTF-8 in any pieces, and passes it on but for the ends of strings of very much more than `most` UTF-16 code units: what is
 * left of one has more than `most` still, and ends with a whole character. Of text that is no JSON it makes something.
 */
export function createStringCutter(most: number, keep: (bytes: Buffer) => void): (bytes: Buffer) => void {
  const reader = createStringReader(LONGEST_ESCAPE * (most + 1));
  return (bytes) => {
    let from = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      if (reader.isKept(bytes[at] as number)) continue;
      if (from < at) keep(bytes.subarray(from, at));
      if (!reader.isEscaping()) at = endOfPlainRun(bytes, at);
      from = at + 1;
    }
    if (from < bytes.length) keep(bytes.subarray(from));
  };
}

/** The last index of those from `at` on behind which neither a quote nor a backslash comes before. */
function endOfPlainRun(bytes: Buffer, at: number): number {
  let end = at;
  while (end + 1 < bytes.length && bytes[end + 1] !== QUOTE && bytes[end + 1] !== BACKSLASH) end += 1;
  return end;
}

/** Reads a text byte by byte. */
function createStringReader(most: number) {
  let inString = false;
  let length = 0;
  let afterBackslash = false;
  /** Of the four that end an escape such as `\u0041`. */
  let digits = 0;
  let isCut = false;

  /** Whether the byte is in no string, or one of the first `most` of its string, or of a character that began there. */
  function isKept(byte: number): boolean {
    if (!inString || (byte === QUOTE && !afterBackslash)) {
      inString = !inString && byte === QUOTE;
      length = 0;
      digits = 0;
      isCut = false;
      return true;
    }
    // A byte 10xxxxxx is not the first of its character (RFC 3629).
    const goesOn = afterBackslash || digits > 0 || (byte & 0xc0) === 0x80;
    if (!goesOn && length >= most) isCut = true;
    if (afterBackslash) digits = byte === SMALL_U ? 4 : 0;
    else if (digits > 0) digits -= 1;
    afterBackslash = byte === BACKSLASH && !afterBackslash;
    length += 1;
    return !isCut;
  }

  return { isKept, isEscaping: () => afterBackslash };
}
