/** How deep a JSON text nests, found before it is parsed; runs in the front. */
import { endOfString, QUOTE } from './json-string.js';

const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Whether arrays and objects nest deeper than `limit`. Of text that is no JSON it says something, but never overruns. */
export function jsonDepthExceeds(text: Buffer, limit: number): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const byte = text[index];
    if (byte === QUOTE) index = endOfString(text, index + 1);
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth += 1;
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth -= 1;
    if (depth > limit) return true;
  }
  return false;
}
