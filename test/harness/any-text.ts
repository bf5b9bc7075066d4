/** Texts of all of Unicode. fast-check's own (`unit: 'binary'`) builds a table of every character first, which takes a process more than a second. */
import type { Arbitrary, ArrayConstraints } from 'fast-check';
import { fc } from './property.js';

const SURROGATES = { first: 0xd800, count: 0x800 };
/** What parsers and terminals stumble over: ends of lines and texts, marks of direction and byte order, marks that join, wide characters. */
const odd = [
  0, 0x07, 0x0a, 0x0d, 0x1b, 0x7f, 0x85, 0xa0, 0xad, 0x130, 0x17f, 0x301, 0x200b, 0x2028, 0x2029, 0x202e, 0x212a,
];
const wide = [0xfeff, 0xfffd, 0xffff, 0x10000, 0x1f600, 0xe0041, 0x10ffff];

const codePoint = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
  { weight: 2, arbitrary: fc.constantFrom(...odd, ...wide) },
  fc.integer({ min: 0, max: 0xff }),
  fc
    .integer({ min: 0, max: 0x10ffff - SURROGATES.count })
    .map((code) => (code < SURROGATES.first ? code : code + SURROGATES.count)),
);

/** One character that has a UTF-8 form. */
export const anyCharacter: Arbitrary<string> = codePoint.map((code) => String.fromCodePoint(code));

/** A text that has a UTF-8 form; lengths count characters. */
export function anyText(constraints: ArrayConstraints = {}): Arbitrary<string> {
  return fc.array(anyCharacter, constraints).map((characters) => characters.join(''));
}

/** A JavaScript string: now and then with half a character in it, which has no UTF-8 form. */
export function anyString(constraints: ArrayConstraints = {}): Arbitrary<string> {
  const half = fc
    .integer({ min: 0, max: SURROGATES.count - 1 })
    .map((at) => String.fromCharCode(SURROGATES.first + at));
  const character = fc.oneof({ weight: 30, arbitrary: anyCharacter }, half);
  return fc.array(character, constraints).map((characters) => characters.join(''));
}
