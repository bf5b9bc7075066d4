import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AudienceAnswer, type AudienceQuestion, judgeAudiences } from '#src/token/audiences.js';
import { fc } from '../harness/property.js';

const NO = 'wrong audience';
const bare: AudienceAnswer = { audiences: undefined };
const of = (...audiences: string[]): AudienceAnswer => ({ audiences });

/** A: the token's, S: the review's, C: the daemon's; then the answer, and the answer with `require-audience`. */
type Row = [A: string, S: string, C: string, answer: AudienceAnswer, required: AudienceAnswer];

// Every way in which three sets can be empty, and meet or not meet each other.
const table: Row[] = [
  // No C: the token may have audiences of an earlier configuration, or none.
  ['', '', '', bare, bare],
  ['', 's', '', bare, NO],
  ['a', '', '', bare, bare],
  ['a', 's', '', bare, NO],
  ['a', 'a', '', of('a'), of('a')],
  // C, and a token without an audience or with none of C: no, whatever is asked.
  ['', '', 'c', NO, NO],
  ['', 's', 'c', NO, NO],
  ['', 'c', 'c', NO, NO],
  ['a', '', 'c', NO, NO],
  ['a', 's', 'c', NO, NO],
  ['a', 'a', 'c', NO, NO],
  ['a', 'c', 'c', NO, NO],
  ['a', 'ac', 'c', NO, NO],
  // C, and a token with one of C.
  ['a', '', 'ac', bare, bare],
  ['a', 's', 'ac', bare, NO],
  ['a', 'a', 'ac', of('a'), of('a')],
  ['a', 'as', 'ac', of('a'), of('a')],
  ['a', 'c', 'ac', NO, NO],
  ['a', 'cs', 'ac', NO, NO],
  ['a', 'ca', 'ac', of('a'), of('a')],
  ['ab', 'bsa', 'a', of('b', 'a'), of('b', 'a')],
  ['ab', 'b', 'a', of('b'), of('b')],
  ['ab', 'bb', 'ab', of('b'), of('b')],
  ['A', 'a', 'A', bare, NO],
];

const sets = (token: string, requested: string, configured: string): Omit<AudienceQuestion, 'required'> => ({
  token: [...token],
  requested: [...requested],
  configured: [...configured],
});

describe('judgeAudiences()', () => {
  for (const [A, S, C, answer, required] of table) {
    it(`token [${A}], asked for [${S}], configured [${C}]: ${JSON.stringify(answer)}, required ${JSON.stringify(required)}`, () => {
      assert.deepEqual(judgeAudiences({ ...sets(A, S, C), required: false }), answer);
      assert.deepEqual(judgeAudiences({ ...sets(A, S, C), required: true }), required);
    });
  }

  it('covers in this table every way three sets can be empty and meet', () => {
    const kinds = (A: string, S: string, C: string) => {
      const meet = (x: string, y: string) => [...x].some((letter) => y.includes(letter));
      return JSON.stringify([A === '', S === '', C === '', meet(A, S), meet(A, C), meet(S, C)]);
    };
    const shown = new Set(table.map(([A, S, C]) => kinds(A, S, C)));
    const letters = ['', 'x', 'y', 'z', 'xy', 'xz', 'yz', 'xyz'];
    const every = new Set(letters.flatMap((A) => letters.flatMap((S) => letters.map((C) => kinds(A, S, C)))));
    assert.deepEqual(
      [...every].filter((kind) => !shown.has(kind)),
      [],
    );
  });

  it('vouches only for audiences that both the token and the review name, in the order of the review', () => {
    const list = fc.array(fc.constantFrom('a', 'b', 'c', 'd'));
    fc.assert(
      fc.property(list, list, list, fc.boolean(), (token, requested, configured, required) => {
        const answer = judgeAudiences({ token, requested, configured, required });
        if (answer === NO || answer.audiences === undefined) return;
        assert.deepEqual(
          answer.audiences,
          [...new Set(requested)].filter((audience) => token.includes(audience)),
        );
        assert(answer.audiences.length > 0);
      }),
    );
  });
});
