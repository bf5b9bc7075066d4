/** Bodies read by a form learnt from another one say what parsing says, whatever surrounds the token. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bounds } from '#src/http/bounds.js';
import { createReviewForms, LONGEST_FORM, MOST_FORMS } from '#src/http/review-form.js';
import { parseTokenReview } from '#src/http/token-review.js';
import { fc } from '../harness/property.js';

const parse = (body: Buffer) => parseTokenReview(body, bounds);

function forms() {
  const known = createReviewForms(parse);
  return {
    read: (text: string) => known.read(Buffer.from(text)),
    /** Whether the body has a form that may be learnt. */
    learn(text: string): boolean {
      const body = Buffer.from(text);
      const asked = parse(body);
      assert.ok(!('fault' in asked), text);
      const learn = known.formOf(body, asked);
      learn?.();
      return learn !== undefined;
    },
  };
}

function review(token: string, more: object = {}): string {
  const spec = { token, ...more };
  return JSON.stringify({
    kind: 'TokenReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: {},
    spec,
    status: {},
  });
}

describe('the form of a review', () => {
  it('is known once it was learnt, and then tells the token of another body', () => {
    const { read, learn } = forms();
    assert.equal(read(review('a.b.c', { audiences: ['x'] })), undefined);
    assert.ok(learn(review('a.b.c', { audiences: ['x'] })));
    const asked = { apiVersion: 'authentication.k8s.io/v1', token: 'd-e_f.GH', audiences: ['x'] };
    assert.deepEqual(read(review('d-e_f.GH', { audiences: ['x'] })), asked);
    assert.equal(read(review('d-e_f.GH', { audiences: ['y'] })), undefined);
    assert.equal(read(review('d-e_f.GH')), undefined);
  });

  it('leaves what is no plain token to the parser', () => {
    const { read, learn } = forms();
    learn(review('a.b.c'));
    for (const token of ['', 'a"b', '\\u0061', 'a","audiences":["x"],"y":"', 'a b', 'é', '\u0000', 'a\n']) {
      assert.equal(read(review(token)), undefined, token);
      assert.equal(read(review('a.b.c').replace('a.b.c', token)), undefined, token);
    }
  });

  it('is none where the same text stands twice, or is not the token that is meant', () => {
    const { learn, read } = forms();
    const twice = `{"x":"abc","spec":{"token":"abc"},"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1"}`;
    assert.equal(learn(twice), false);
    const elsewhere = twice.replace('"token":"abc"', '"token":"\\u0061bc"');
    learn(elsewhere);
    assert.equal(read(elsewhere.replace('"x":"abc"', '"x":"forged"')), undefined);
    const named = twice.replace('"x":"abc"', '"abc":0').replace('"token":"abc"', '"token":"\\u0061bc"');
    learn(named);
    assert.equal(read(named.replace('"abc":0', '"spec":0')), undefined);
    const overruled = `{"spec":{"token":"abc"},"spec":{"token":"ab\\u0063"},"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1"}`;
    learn(overruled);
    assert.equal(read(overruled.replace('"abc"', '"def"')), undefined);
  });

  it('says what parsing says, for any text around and any in the place of the token', () => {
    const word = fc.stringMatching(/^[\w.-]{1,8}$/);
    const extra = fc.dictionary(fc.oneof(word, fc.constantFrom('spec', 'token', 'kind')), fc.json());
    const piece = fc.oneof(word, fc.constantFrom('"', '\\', '\\u0061', '","', '"},"spec":{"token":"x', '\u00e9', ' '));
    fc.assert(
      fc.property(word, extra, extra, fc.array(piece), fc.boolean(), (token, around, inside, other, escaped) => {
        const { read, learn } = forms();
        const spelled = escaped ? `\\u${token.charCodeAt(0).toString(16).padStart(4, '0')}${token.slice(1)}` : token;
        const text = review('PLACE', inside)
          .replace('{', `{${JSON.stringify({ ...around, kind: 'x', spec: 'x' }).slice(1, -1)},`)
          .replace('PLACE', spelled);
        fc.pre(!('fault' in parse(Buffer.from(text))));
        learn(text);
        for (const changed of [text.replace(spelled, other.join('')), text.replaceAll(token, other.join(''))]) {
          const asked = read(changed);
          if (asked !== undefined) assert.deepEqual(parse(Buffer.from(changed)), asked);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is kept of the last eight, and of none that is long', () => {
    const { read, learn } = forms();
    for (let n = 0; n <= MOST_FORMS; n += 1) learn(review('a.b.c', { audiences: [`${n}`] }));
    assert.equal(read(review('a.b.c', { audiences: ['0'] })), undefined);
    for (let n = 1; n <= MOST_FORMS; n += 1) assert.ok(read(review('a.b.c', { audiences: [`${n}`] })), `${n}`);
    assert.equal(learn(review('a.b.c', { audiences: ['x'.repeat(LONGEST_FORM)] })), false);
  });
});
