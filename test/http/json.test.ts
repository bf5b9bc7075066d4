/** What is told of a JSON text, and cut of it, before it is parsed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonMembersExceed } from '#src/http/json-members.js';
import { createStringCutter } from '#src/http/long-strings.js';
import { fc } from '../harness/property.js';

test('the members of a JSON text are its strings, arrays, objects and commas', () => {
  function members(value: unknown): number {
    if (typeof value === 'string') return 1;
    if (typeof value !== 'object' || value === null) return 0;
    const inside = Object.values(value).map(members);
    const names = Array.isArray(value) ? 0 : inside.length;
    return 1 + names + Math.max(0, inside.length - 1) + inside.reduce((sum, count) => sum + count, 0);
  }
  fc.assert(
    fc.property(fc.json({ maxDepth: 8, stringUnit: 'binary' }), (json) => {
      const count = members(JSON.parse(json));
      assert.equal(jsonMembersExceed(Buffer.from(json), count), false);
      if (count > 0) assert.equal(jsonMembersExceed(Buffer.from(json), count - 1), true);
    }),
  );
});

test('a cut text is the same JSON but for strings that are too long, and those stay too long', () => {
  const most = 10;
  function assertCut(cut: unknown, whole: unknown): void {
    if (typeof whole === 'string' && whole.length > most) {
      assert.ok(typeof cut === 'string' && cut.length > most && whole.startsWith(cut));
    } else if (typeof whole === 'object' && whole !== null) {
      const [names, cutNames] = [Object.keys(whole), Object.keys(cut as object)];
      assert.equal(cutNames.length, names.length);
      for (const [index, name] of names.entries()) {
        assertCut(cutNames[index], name);
        assertCut((cut as Record<string, unknown>)[cutNames[index] ?? ''], (whole as Record<string, unknown>)[name]);
      }
    } else assert.deepEqual(cut, whole);
  }
  const piece = fc.constantFrom('x', '"', '\\', '\u00e9', '\u20ac', '\u{1f600}', '\n', '\0', '\ud800');
  const string = fc.array(piece, { maxLength: 100 }).map((pieces) => pieces.join(''));
  const value = fc.letrec((tie) => ({
    value: fc.oneof(string, fc.integer(), fc.array(tie('value'), { maxLength: 4 })),
  })).value;
  fc.assert(
    fc.property(fc.array(value), fc.boolean(), fc.integer({ min: 1, max: 100 }), (whole, escaped, size) => {
      const json = escaped ? escapeAll(JSON.stringify(whole)) : JSON.stringify(whole);
      assertCut(JSON.parse(cutIn(Buffer.from(json), most, size).toString()), whole);
    }),
  );
});

/** JSON with everything in its strings escaped that is not ASCII already. */
function escapeAll(json: string): string {
  return json.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The text, cut, having come in pieces of a size. */
function cutIn(text: Buffer, most: number, size: number): Buffer {
  const kept: Buffer[] = [];
  const cut = createStringCutter(most, (bytes) => kept.push(Buffer.from(bytes)));
  for (let from = 0; from < text.length; from += size) cut(text.subarray(from, from + size));
  return Buffer.concat(kept);
}

test('how a text comes in pieces does not change what is cut of it, whatever its bytes', () => {
  const byte = fc.constantFrom(...Buffer.from('"\\u{}[],x'), 0xc3, 0x80, 0xf0);
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 200 }), fc.nat(5), fc.integer({ min: 1, max: 9 }), (bytes, most, size) => {
      const text = Buffer.from(bytes);
      const cut = cutIn(text, most, text.length + 1);
      assert.deepEqual(cutIn(text, most, size), cut);
      assert.ok(cut.length <= text.length);
      if (text.length <= 6 * (most + 1)) assert.deepEqual(cut, text);
    }),
  );
});
