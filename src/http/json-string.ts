/** Where a string ends in a JSON text that is not parsed yet; runs in the front. */

export const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The index of the quote that closes the string whose first byte is at `start`, or the length of the text. */
export function endOfString(text: Buffer, start: number): number {
  let close = nextQuote(text, start);
  while (close < text.length && isEscaped(text, start, close)) close = nextQuote(text, close + 1);
  return close;
}

function nextQuote(text: Buffer, start: number): number {
  const found = text.indexOf(QUOTE, start);
  return found < 0 ? text.length : found;
}

function isEscaped(text: Buffer, start: number, at: number): boolean {
  let before = at;
  while (before > start && text[before - 1] === BACKSLASH) before -= 1;
  return (at - before) % 2 === 1;
}
