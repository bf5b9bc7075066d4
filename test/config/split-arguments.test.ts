import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitArguments } from '#src/config/split-arguments.js';
import { ConfigurationError } from '#src/errors.js';

function split(...argv: string[]) {
  const { own, operands, ofServe } = splitArguments(argv, ['audiences', 'output']);
  return { own: Object.fromEntries(own), operands, ofServe };
}

describe('splitArguments()', () => {
  it("parts a command's flags and operands from those of serve, in any order", () => {
    assert.deepEqual(
      split('-audience', 'a', 'TOKEN', '--audiences', 'b', '-server-name=c', '-disable-mlock', '-', '-output=json'),
      {
        own: { audiences: 'b', output: 'json' },
        operands: ['TOKEN', '-'],
        ofServe: ['-audience', 'a', '-server-name=c', '-disable-mlock'],
      },
    );
  });

  it('takes the value of a flag for no operand, and a word after a boolean for one', () => {
    assert.deepEqual(split('-config', 'TOKEN', '-require-audience', 'TOKEN').operands, ['TOKEN']);
  });

  it('takes everything after -- for operands', () => {
    assert.deepEqual(split('-v', '1', '--', '-config', 'x').operands, ['-config', 'x']);
  });

  it('lets the last of a repeated flag count', () => {
    assert.deepEqual(split('-output', 'text', '--output', 'json').own, { output: 'json' });
  });

  it('leaves what it does not know to the options of serve, which judge it', () => {
    assert.deepEqual(split('-signing-kye', '---', '-=x').ofServe, ['-signing-kye', '---', '-=x']);
  });

  it('refuses an own flag without a value', () => {
    assert.throws(() => split('--output'), ConfigurationError);
  });
});
