import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_TOKEN_CHARACTERS } from '#src/token/claims.js';
import { ask, startFront } from './front.js';

const API = '"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1"';
const MIB = 1024 * 1024;

function post(port: number, body: string) {
  return ask(port, '/authenticate', { method: 'POST', body });
}

test('a body that would be parsed into much more than its bytes is 400, whatever it is made of', async (t) => {
  const { port } = await startFront(t, { review: () => assert.fail('asked') });
  for (const piece of ['{}', '[]', '0', '""', '{"a":{}}', '"a":0']) {
    const pieces = `${`${piece},`.repeat(20_000)}${piece}`;
    const value = piece.includes(':') && !piece.startsWith('{') ? `{${pieces}}` : `[${pieces}]`;
    const answer = await post(port, `{${API},"spec":{"token":"t"},"x":${value}}`);
    assert.equal(answer.status, 400, piece);
    assert.equal(JSON.parse(answer.body).message, 'the body has more than 10000 members');
  }
});

test('a body of as many members as the bound is reviewed', async (t) => {
  const { port } = await startFront(t);
  const review = (count: number) => `{${API},"spec":{"token":"t"},"x":[${Array(count).fill('[]').join(',')}]}`;
  // Around the entries: 2 objects, an array, 8 strings, 3 commas. Each entry but the last has a comma.
  const most = (10_000 - 14 + 1) / 2;
  assert.equal((await post(port, review(Math.floor(most)))).status, 200);
  assert.equal((await post(port, review(Math.floor(most) + 1))).status, 400);
});

test('the review is given a token of up to 16,384 characters as it is, and of a longer one that it is longer', async (t) => {
  const seen: string[] = [];
  const { port } = await startFront(t, {
    review: async (token) => {
      seen.push(token);
      return { authenticated: false, refusal: 'too long' };
    },
  });
  for (const character of ['x', 'é', '€', '\\u0041', '\\n', '\\ud83d\\ude00']) {
    const units = JSON.parse(`"${character}"`).length;
    const exact = character.repeat(MAX_TOKEN_CHARACTERS / units);
    const endless = character.repeat(Math.floor((MIB - 200) / Buffer.byteLength(character)));
    for (const token of [exact, `${exact}x`, endless]) {
      const answer = await post(port, `{${API},"spec":{"token":"${token}"}}`);
      assert.deepEqual(JSON.parse(answer.body).status, { authenticated: false });
    }
    const [first, second = '', third = ''] = seen.splice(0);
    assert.equal(first, JSON.parse(`"${exact}"`), character);
    assert.equal(second.length, MAX_TOKEN_CHARACTERS + 1);
    assert.ok(third.length > MAX_TOKEN_CHARACTERS);
    assert.ok(JSON.parse(`"${endless}"`).startsWith(third));
  }
});

test('a body that holds more than 256 KiB besides what is cut of long strings is 413', async (t) => {
  const { port } = await startFront(t);
  const review = (spaces: number) => `{${API},"spec":{"token":"${'x'.repeat(MIB / 2)}"}${' '.repeat(spaces)}}`;
  const cut = MIB / 2 - 6 * (MAX_TOKEN_CHARACTERS + 1);
  const most = 256 * 1024 + cut - review(0).length;
  assert.equal((await post(port, review(most))).status, 200);
  const answer = await post(port, review(most + 1));
  assert.equal(answer.status, 413);
  assert.match(JSON.parse(answer.body).message, /without its long strings/);
});
