import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { matchesGlob } from '#src/token/glob.js';
import { fc } from '../harness/property.js';

/** The same by way of a regular expression, for short texts. */
function matchesByRegExp(glob: string, name: string): boolean {
  const source = Array.from(glob, (character) => {
    if (character === '*') return '.*';
    return character === '?' ? '.' : character.replace(/[\\^$.+()[\]{}|/]/, '\\$&');
  });
  return new RegExp(`^${source.join('')}$`, 'su').test(name);
}

describe('matchesGlob()', () => {
  const table: [glob: string, matched: readonly string[], others: readonly string[]][] = [
    ['developers', ['developers'], ['developer', 'developers2', 'Developers', '']],
    ['*', ['', 'a', 'domain users', '\n'], []],
    ['k8s-*', ['k8s-', 'k8s-ops'], ['k8s', 'xk8s-ops']],
    ['*-admins', ['-admins', 'db-admins', 'a-admins-admins'], ['admins', 'db-admins2']],
    ['a*b*c', ['abc', 'aXbXc', 'abcbc'], ['ab', 'acb', 'abcd']],
    ['?', ['a', 'ä', '名', '😀'], ['', 'ab', '😀😀']],
    ['team-??', ['team-01'], ['team-1', 'team-001']],
    ['*?', ['a', '😀'], ['']],
    ['**', ['', 'a'], []],
    ['', [''], ['a']],
    ['[ab]', ['[ab]'], ['a']],
    ['a.c', ['a.c'], ['abc']],
    ['\\*', ['\\', '\\x'], ['*']],
    ['(a+)+$', ['(a+)+$'], ['aaa']],
  ];
  for (const [glob, matched, others] of table) {
    it(`reads ${JSON.stringify(glob)} as a glob of * and ? alone`, () => {
      for (const name of matched) assert(matchesGlob(glob, name), name);
      for (const name of others) assert(!matchesGlob(glob, name), name);
    });
  }

  it('agrees with a regular expression on every short text', () => {
    const text = (...characters: string[]) =>
      fc.array(fc.constantFrom(...characters), { maxLength: 10 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text('a', 'b', '😀', '*', '?'), text('a', 'b', '😀', '*', '\n'), (glob, name) => {
        assert.equal(matchesGlob(glob, name), matchesByRegExp(glob, name));
      }),
      { numRuns: 20_000 },
    );
  });

  it('looks at no more characters than the name has times those of the glob, whatever they are', () => {
    const text = (...characters: string[]) => fc.array(fc.constantFrom(...characters), { maxLength: 120, size: 'max' });
    fc.assert(
      fc.property(text('a', 'a', '*', '?'), text('a', 'a', 'a', 'b', '😀'), (glob, name) => {
        let looks = 0;
        const counted = new Proxy(new String(name.join('')), {
          get(target, key) {
            looks += key === 'length' ? 0 : 1;
            const value = Reflect.get(target, key, target);
            return typeof value === 'function' ? value.bind(target) : value;
          },
        }) as unknown as string;
        matchesGlob(glob.join(''), counted);
        // One look at a character, and one more at whether it is a wide one.
        assert.ok(looks <= 2 * (counted.length + 1) * (glob.length + 1), `${looks} looks`);
      }),
      { numRuns: 300 },
    );
  });

  it('takes no more steps than name times glob, however many stars there are', () => {
    // By trying every split this takes longer than the universe; step by step less than a tenth of a second.
    const glob = `${'*a'.repeat(200)}b`;
    assert(!matchesGlob(glob, 'a'.repeat(10_000)));
    assert(matchesGlob(glob, `${'a'.repeat(10_000)}b`));
  });
});
