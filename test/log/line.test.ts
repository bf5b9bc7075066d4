/** Lines of the logs: whatever stands in them, each is one, within its bound, and is read as what it was. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toUSVString } from 'node:util';
import { type Field, jsonLine, LONGEST_LINE, LONGEST_VALUE, textLine } from '#src/log/line.js';
import { createLineWriter } from '#src/log/line-writer.js';
import { lineValueOf } from '#src/log/printable.js';
import { Secret } from '#src/secret.js';
import { anyString } from '../harness/any-text.js';
import { fc } from '../harness/property.js';

const attack = fc.constantFrom(
  '\n{"event":"token.issued","user":"root"}\n',
  '","event":"token.issued',
  'x user=root',
  '" user="root',
  '\u001b[2J',
  '\r',
  '…[cut]',
  '\\',
  '\\u000a',
  '',
);
const long = fc
  .tuple(anyString({ minLength: 1, maxLength: 3 }), fc.nat(5000))
  .map(([text, size]) => text.repeat(size).slice(0, size));
const text = fc.oneof({ weight: 3, arbitrary: anyString() }, { weight: 3, arbitrary: attack }, long);
const value = fc.oneof(
  text,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  fc.array(text),
);
const name = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('user', 'source', 'a.b', 'with space', 'x=y', '"') },
  anyString({ minLength: 1 }),
);
const fields = fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 80 });
/** Nothing in it that would be cut. */
const short = fc.uniqueArray(
  fc.tuple(
    fc.oneof(fc.constantFrom('user', 'x=y', '"', 'a b'), anyString({ minLength: 1, maxLength: 5 })),
    fc.oneof(anyString(), attack, fc.integer(), fc.boolean(), fc.array(attack, { maxLength: 3 })),
  ),
  {
    selector: ([key]) => key,
    maxLength: 4,
  },
);

function checkLine(line: string): void {
  assert.ok(Buffer.byteLength(line) <= LONGEST_LINE);
  assert.equal(line.indexOf('\n'), line.length - 1);
  assert.doesNotMatch(line.slice(0, -1), /[\p{C}\p{Zl}\p{Zp}]/u);
}

/** The fields of a line of text, as a reader has to take them apart: bare words, and JSON where it begins. */
function fieldsIn(rest: string): Field[] {
  const found: Field[] = [];
  const field = / ("(?:[^"\\]|\\.)*"|[\w.,:;/@+%-]+)=("(?:[^"\\]|\\.)*"|\[(?:"(?:[^"\\]|\\.)*",?)*\]|[\w.,:;/@+%-]+)/y;
  while (field.lastIndex < rest.length) {
    const [, key = '', shown = ''] = field.exec(rest) ?? assert.fail(rest);
    found.push([key.startsWith('"') ? JSON.parse(key) : key, /^["[]/.test(shown) ? JSON.parse(shown) : shown]);
  }
  return found;
}

describe('jsonLine()', () => {
  it('is one object on one line, with the first fields in their order, whatever they are', () => {
    fc.assert(
      fc.property(fields, (given) => {
        const line = jsonLine(given);
        checkLine(line);
        const entries = Object.entries(JSON.parse(line));
        assert.ok(entries.length <= given.length);
        for (const [at, [key, shown]] of entries.entries()) {
          const was =
            given.find(([own]) => own === key) ??
            given.find(([own]) => key.endsWith('…[cut]') && own.startsWith(key.slice(0, -6)));
          assert.ok(was !== undefined, `field ${at}: ${key}`);
          if (typeof was[1] !== 'string' || typeof shown !== 'string') continue;
          assert.ok(
            was[1] === shown ||
              toUSVString(was[1]) === shown ||
              (was[1].startsWith(shown.slice(0, -6)) && shown.endsWith('…[cut]')),
          );
          assert.ok(Buffer.byteLength(shown) <= LONGEST_VALUE);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is read by JSON.parse() as what it was made of, where nothing is cut', () => {
    fc.assert(
      fc.property(short, (given) => {
        assert.deepEqual(
          Object.entries(JSON.parse(jsonLine(given))).sort(),
          given.map(([key, own]) => [key, own]).sort(),
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('textLine()', () => {
  it('is one line, within its bound, whatever its fields are', () => {
    fc.assert(
      fc.property(text, fields, (message, given) => checkLine(textLine('HEAD', message, given))),
      { numRuns: 300 },
    );
  });

  it('has the fields it was given and no others: no value can pass for a field', () => {
    fc.assert(
      fc.property(short, (given) => {
        const line = textLine('HEAD', 'message', given);
        checkLine(line);
        const wanted = given.map(
          ([key, own]): Field => [key, typeof own === 'number' || typeof own === 'boolean' ? String(own) : own],
        );
        assert.deepEqual(fieldsIn(line.slice('HEAD message'.length, -1)), wanted);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('lineValueOf()', () => {
  it('makes of anything what a line can hold, and shows no secret', () => {
    const SECRET = 'hunter2-hunter2';
    const hidden = fc.constantFrom(
      Secret.fromString(SECRET),
      Buffer.from(SECRET),
      new Error('e', { cause: Secret.fromString(SECRET) }),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        hidden,
        fc.anything(),
        fc.array(tie('tree')),
        fc.dictionary(fc.string(), tie('tree')),
        tie('tree').map((cause) => new Error('e', { cause })),
      ),
    }));
    fc.assert(
      fc.property(tree, (given) => {
        const shown = lineValueOf(given);
        checkLine(jsonLine([['value', shown]]));
        assert.ok(!JSON.stringify(shown).includes(SECRET));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('createLineWriter()', () => {
  it('lets every line begin a line, however writes were cut off before it', () => {
    const writes = fc.array(fc.tuple(fc.stringMatching(/^[a-z]{0,6}$/), fc.nat(8)), { maxLength: 12 });
    fc.assert(
      fc.property(writes, fc.boolean(), (given, torn) => {
        let file = torn ? 'torn' : '';
        let room = 0;
        let missing = 0;
        const write = (_fd: number, data: Buffer) => {
          const taken = Math.min(room, data.length);
          file += data.toString('utf8', 0, taken);
          missing = data.length - taken;
          return taken;
        };
        const lines = createLineWriter(1, write, torn);
        const whole: string[] = [];
        for (const [line, most] of given) {
          room = most < 4 ? most : Number.POSITIVE_INFINITY;
          try {
            lines.write(`<${line}>\n`);
          } catch (fault) {
            assert.match(String(fault), /^Error: wrote \d+ of \d+ bytes$/);
          }
          // Without its newline too: the next line brings that.
          if (missing <= 1) whole.push(`<${line}>`);
        }
        room = Number.POSITIVE_INFINITY;
        lines.write('end\n');
        // A reader takes the lines that are whole; what was cut off never joins one.
        assert.deepEqual(
          file
            .split('\n')
            .slice(0, -1)
            .filter((line) => /^<[a-z]*>$/.test(line)),
          whole,
        );
      }),
      { numRuns: 500 },
    );
  });
});
