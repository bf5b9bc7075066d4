import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offeredLifetimes } from '#src/web/lifetimes.js';
import { page } from '#src/web/page.js';

const offer = { defaultLifetime: 600, maxLifetime: 3_600, audience: [], kubeconfig: false };

test('lifetimes are offered up to the longest, with the one of who chooses none among them', () => {
  assert.deepEqual(offeredLifetimes(600, 600), [60, 120, 300, 600]);
  assert.deepEqual(offeredLifetimes(600, 1_234), [60, 120, 300, 600, 900, 1_200, 1_234]);
  assert.deepEqual(offeredLifetimes(90, 120), [60, 90, 120]);
  assert.deepEqual(offeredLifetimes(30, 30), [30]);
  assert.equal(offeredLifetimes(600, 365 * 86_400).at(-1), 365 * 86_400);
});

test('audiences can be chosen where there are several, and are all ticked unless chosen before', () => {
  assert.doesNotMatch(page.signIn({ offer: { ...offer, audience: ['only'] } }), /only|checkbox/);
  const several = { ...offer, audience: ['one', 'two"<'] };
  assert.equal(page.signIn({ offer: several }).match(/ checked>/g)?.length, 2);
  const again = page.signIn({ offer: several, typed: { username: 'alice', audience: ['two"<'] } });
  assert.match(again, /value="one"><span>one.*value="two&quot;&lt;" checked>/s);
});

test('what was typed comes back, but for the secrets, and nothing of it as markup', () => {
  const hostile = '"><img src=x>';
  const text = page.signIn({
    offer,
    typed: { username: hostile, lifetime: 300 },
    prompts: [
      { text: `Code for ${hostile}: `, echo: false },
      { text: '', echo: true },
    ],
    problem: { kind: 'refused', reason: 'password expired', help: `See https://example.org/${hostile} or ask.` },
  });
  assert.doesNotMatch(text, /<img src=x>/);
  assert.match(text, /name="username" value="&quot;&gt;&lt;img src=x&gt;"/);
  assert.match(text, /<option value="300s" selected>5 minutes</);
  assert.match(text, /<label for="response-0">Code for .*<input id="response-0" name="response" type="password"/s);
  assert.match(text, /<label for="response-1">Response<\/label>\s<input id="response-1" name="response" type="text"/);
  assert.match(text, /<a href="https:\/\/example.org\/" rel="noreferrer">/);
  assert.doesNotMatch(text, /id="password"[^>]*value=/);
});
