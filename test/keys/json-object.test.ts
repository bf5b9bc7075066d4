import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Arbitrary } from 'fast-check';
import { parseObject } from '#src/keys/json-object.js';
import { anyString } from '../harness/any-text.js';
import { fc } from '../harness/property.js';

/** JSON as a tree in which an object may have a member twice. */
type Node =
  | { readonly leaf: unknown }
  | { readonly items: readonly Node[] }
  | { readonly members: readonly (readonly [string, Node])[] };
interface Tree {
  readonly value: Node;
  /** Whether any object has. */
  readonly repeats: boolean;
}

const name = fc.oneof(
  fc.constantFrom('a', 'b', '"', '\\', '}', '{', ':', '__proto__', 'é', '😀', '\u2028'),
  anyString({ maxLength: 2 }),
);
const leaf = fc.oneof(name, fc.constantFrom('"a":', '{"a":1,"a":1}', '\\"', 1.5, true, null));

function tree(depth: number): Arbitrary<Tree> {
  const simple = leaf.map((value): Tree => ({ value: { leaf: value }, repeats: false }));
  if (depth === 0) return simple;
  const below = tree(depth - 1);
  const list = fc.array(below, { maxLength: 4 }).map((items): Tree => {
    return { value: { items: items.map(({ value }) => value) }, repeats: items.some(({ repeats }) => repeats) };
  });
  const object = fc.array(fc.tuple(name, below), { maxLength: 5 }).map((members): Tree => {
    const names = new Set(members.map(([key]) => key));
    const repeats = names.size < members.length || members.some(([, member]) => member.repeats);
    return { value: { members: members.map(([key, member]) => [key, member.value] as const) }, repeats };
  });
  return fc.oneof(simple, list, { weight: 3, arbitrary: object });
}

/** White space between tokens, and how each character of a string is written, taken in turn. */
const spelling = fc.record({
  spaces: fc.array(fc.constantFrom('', '', ' ', '\n', '\t\r'), { minLength: 1 }),
  escapes: fc.array(fc.constantFrom(false, false, true), { minLength: 1 }),
});

function written(
  node: Node,
  { spaces, escapes }: { readonly spaces: readonly string[]; readonly escapes: readonly boolean[] },
): string {
  let tokens = 0;
  let characters = 0;
  const space = () => spaces[tokens++ % spaces.length] ?? '';
  const unit = (code: number) => `\\u${code.toString(16).padStart(4, '0')}`;
  const text = (value: unknown): string => {
    if (typeof value !== 'string') return JSON.stringify(value);
    const units = Array.from({ length: value.length }, (_, at) => value.charCodeAt(at));
    const isPlain = JSON.stringify(value) === `"${value}"` && !escapes[characters++ % escapes.length];
    return isPlain ? `"${value}"` : `"${units.map(unit).join('')}"`;
  };
  const spell = (one: Node): string => {
    if ('leaf' in one) return `${space()}${text(one.leaf)}${space()}`;
    if ('items' in one) return `${space()}[${one.items.map(spell).join(',') || space()}]${space()}`;
    const members = one.members.map(([key, member]) => `${space()}${text(key)}${space()}:${spell(member)}`);
    return `${space()}{${members.join(',') || space()}}${space()}`;
  };
  return spell(node);
}

describe('parseObject()', () => {
  it('gives what JSON.parse() gives for every object without repeated members', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        assert.deepEqual(parseObject(text), JSON.parse(text));
      }),
    );
  });

  it('finds a repeated member at any depth, however it is spelled', () => {
    const repeats = [
      '{"a":1,"a":1}',
      '{"a":1,"\\u0061":2}',
      '{"b":{"a":1,"a":1}}',
      '{"b":[[{"a":1 , "a" : 1}]]}',
      '{"a":{"a":1},"b":[{"x":"}"}],"a":1}',
      '{"\\"":1,"\\"":2}',
      '{"":1,"":2}',
      '{"__proto__":1,"__proto__":2}',
    ];
    for (const text of repeats) assert.equal(parseObject(text), undefined, text);
  });

  it('finds the members of any object repeated when they are written twice', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (value) => {
        const members = JSON.stringify(value).slice(1, -1);
        assert.equal(parseObject(`{${members},${members}}`), undefined);
      }),
    );
  });

  it('finds a repeated member in any JSON, and no other fault', () => {
    fc.assert(
      fc.property(tree(4), spelling, ({ value, repeats }, spell) => {
        const text = written(value, spell);
        const parsed = parseObject(text);
        if (repeats || !('members' in value)) assert.equal(parsed, undefined, text);
        else assert.deepEqual(parsed, JSON.parse(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('takes equal names in different objects, and equal strings that are no names', () => {
    for (const text of ['{"a":{"a":{"a":1}}}', '{"a":[{"b":1},{"b":1}]}', '{"a":"a","b":["a","a","{\\"a\\":1"]}']) {
      assert.deepEqual(parseObject(text), JSON.parse(text));
    }
  });

  it('takes nothing but objects', () => {
    for (const text of ['', 'null', '1', '"a"', '[]', '[{}]', '{', '{"a":1}x', "{'a':1}", '\ufeff{}']) {
      assert.equal(parseObject(text), undefined, text);
    }
  });

  it('survives nesting as deep as 16 KiB allow', () => {
    assert(Array.isArray(parseObject(`{"a":${'['.repeat(8000)}${']'.repeat(8000)}}`)?.['a']));
    assert.equal(parseObject('{"a":'.repeat(3000)), undefined);
  });
});
