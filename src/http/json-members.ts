/** How much a JSON text holds, found before it is parsed, so that none costs much more than its bytes; runs in the front. */
import { endOfString, QUOTE } from './json-string.js';

const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;

/**
 * Whether strings, arrays, objects and the commas between them are more than `limit`: parsed, a text of nothing else takes
 * thirty times its memory. Of text that is no JSON it says something, but never overruns.
 */
export function jsonMembersExceed(text: Buffer, limit: number): boolean {
  if (text.length <= limit) return false;
  let members = 0;
  for (let index = 0; index < text.length; index += 1) {
    const byte = text[index];
    if (byte === QUOTE || byte === COMMA || byte === OPEN_ARRAY || byte === OPEN_OBJECT) members += 1;
    if (byte === QUOTE) index = endOfString(text, index + 1);
    if (members > limit) return true;
  }
  return false;
}
