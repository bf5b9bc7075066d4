import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseObject } from '#src/keys/json-object.js';
import { fc } from '../harness/property.js';

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
