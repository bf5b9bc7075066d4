/** The text of an answer, made once a result and version, and what is kept of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnswerTexts, MAX_TEXT_CHARACTERS } from '#src/http/answer-texts.js';
import type { ReviewResult } from '#src/token/review.js';

const [v1, v1beta1] = ['authentication.k8s.io/v1', 'authentication.k8s.io/v1beta1'] as const;

function yes(groups: readonly string[], audiences?: readonly string[]): ReviewResult {
  return { authenticated: true, user: { username: 'alice', uid: '1', groups, extra: { k: ['v'] } }, audiences };
}

test('each result has a text of its own in each version, made once', () => {
  const textOf = createAnswerTexts();
  const results = [yes(['a']), yes(['b']), yes(['a'], ['x'])];
  for (let time = 0; time < 2; time += 1) {
    for (const result of results) {
      for (const apiVersion of [v1, v1beta1]) {
        const { user, audiences } = result.authenticated ? result : assert.fail();
        const status = { authenticated: true, user, ...(audiences && { audiences }) };
        assert.equal(textOf(apiVersion, result), JSON.stringify({ kind: 'TokenReview', apiVersion, status }));
      }
    }
  }
});

test('a no has no text of the request in it', () => {
  const text = createAnswerTexts()(v1beta1, { authenticated: false, refusal: 'expired' });
  assert.equal(text, `{"kind":"TokenReview","apiVersion":"${v1beta1}","status":{"authenticated":false}}`);
});

test('what is kept is bounded by its characters: the answer is right beyond', () => {
  const textOf = createAnswerTexts();
  const large = 'g'.repeat(1024 * 1024);
  let serialised = 0;
  function counted(groups: readonly string[]): ReviewResult {
    function toJSON() {
      serialised += 1;
      return groups;
    }
    return yes(Object.assign([...groups], { toJSON }));
  }
  const first = counted([large]);
  textOf(v1, first);
  textOf(v1, first);
  assert.equal(serialised, 1);
  for (let n = 0; n < MAX_TEXT_CHARACTERS / large.length; n += 1) textOf(v1, yes([large]));
  assert.match(textOf(v1, first), /"authenticated":true/);
  assert.equal(serialised, 2);
});
