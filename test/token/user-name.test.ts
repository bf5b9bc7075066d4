import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isReserved, isUsername } from '#src/token/user-name.js';
import { anyString } from '../harness/any-text.js';
import { fc } from '../harness/property.js';

describe('isUsername()', () => {
  it('takes the names that directories have', () => {
    for (const name of ['alice', 'DOM\\alice', 'alice@corp.example', 'svc$', 'grüppe', 'domain user', '0', '名']) {
      assert(isUsername(name), name);
    }
  });

  it('takes no controls, separators or half characters', () => {
    for (const bad of ['\0', '\n', '\r', '\t', '\u001b', '\u007f', '\u0085', '\u2028', '\u2029', '\ud800']) {
      for (const name of [bad, `a${bad}`, `${bad}a`]) assert(!isUsername(name), JSON.stringify(name));
    }
  });

  it('holds the bound in bytes', () => {
    assert(isUsername('x'.repeat(511)));
    assert(!isUsername('x'.repeat(512)));
    assert(!isUsername('ä'.repeat(256)));
  });

  it('agrees with a list of the characters that a name must not have', () => {
    const isForbidden = (code: number) =>
      code < 0x20 ||
      (code >= 0x7f && code < 0xa0) ||
      code === 0x2028 ||
      code === 0x2029 ||
      (code >= 0xd800 && code < 0xe000);
    const sized = fc.tuple(anyString({ maxLength: 3 }), fc.nat(600)).map(([text, size]) => text.padEnd(size, 'x'));
    fc.assert(
      fc.property(fc.oneof(anyString(), sized), (name) => {
        const codes = Array.from(name, (character) => character.codePointAt(0) ?? 0);
        const size = new TextEncoder().encode(name).length;
        assert.equal(isUsername(name), size >= 1 && size <= 511 && !codes.some(isForbidden));
      }),
      { numRuns: 1000 },
    );
  });

  it('takes nothing but text', () => {
    for (const value of ['', undefined, null, 0, {}, ['alice'], new String('alice')]) assert(!isUsername(value));
  });
});

describe('isReserved()', () => {
  it('knows the prefix that Kubernetes keeps for itself', () => {
    for (const name of ['system:', 'system:admin', 'system:masters', 'system:serviceaccount:a:b'])
      assert(isReserved(name));
    for (const name of ['system', 'systemd', 'my-system:a', 'System:a', ' system:a']) assert(!isReserved(name));
  });
});
