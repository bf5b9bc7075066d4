/** Texts and bytes that are nearly right: what a property starts from, with a few changes anywhere. */
import type { Arbitrary } from 'fast-check';
import { anyCharacter } from './any-text.js';
import { fc } from './property.js';

type Edit = readonly [at: number, kind: 'replace' | 'insert' | 'remove' | 'repeat' | 'cut', character: string];

function applied(text: string, [at, kind, character]: Edit): string {
  const characters = Array.from(text);
  const place = at % (characters.length + 1);
  if (kind === 'replace') characters.splice(place, 1, character);
  else if (kind === 'insert') characters.splice(place, 0, character);
  else if (kind === 'remove') characters.splice(place, 1);
  else if (kind === 'repeat') characters.splice(place, 0, ...characters.slice(place, place + 8));
  else characters.length = place;
  return characters.join('');
}

/** The text with up to `most` edits; `character`: what may come in. */
export function edited(
  text: Arbitrary<string>,
  character: Arbitrary<string> = anyCharacter,
  most = 3,
): Arbitrary<string> {
  const kind = fc.constantFrom('replace', 'insert', 'remove', 'repeat', 'cut');
  const edits = fc.array(fc.tuple(fc.nat(100_000), kind, character), { maxLength: most });
  return fc.tuple(text, edits).map(([original, all]) => all.reduce<string>(applied, original));
}

/** The bytes cut in pieces, none of them empty, as a network may deliver them. */
export function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const edges = [0, ...places, bytes.length];
  return edges.slice(1).flatMap((end, index) => {
    const start = edges[index] ?? 0;
    return end > start ? [bytes.subarray(start, end)] : [];
  });
}
