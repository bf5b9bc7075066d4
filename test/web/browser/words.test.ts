import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { claimRows } from '#src/web/browser/claims.js';
import { waysToUse } from '#src/web/browser/commands.js';
import { linkParts, wordsFor } from '#src/web/browser/problems.js';
import { shortSpan, spanInWords } from '#src/web/browser/spans.js';

test('spans of time are told in words, by their two largest units', () => {
  const spans = [0, 1, 59, 60, 90, 3_600, 5_400, 86_400, 90_061].map((seconds) => [
    spanInWords(seconds),
    shortSpan(seconds),
  ]);
  assert.deepEqual(spans, [
    ['0 seconds', '0 s'],
    ['1 second', '1 s'],
    ['59 seconds', '59 s'],
    ['1 minute', '1 min'],
    ['1 minute 30 seconds', '1 min 30 s'],
    ['1 hour', '1 h'],
    ['1 hour 30 minutes', '1 h 30 min'],
    ['1 day', '1 d'],
    ['1 day 1 hour', '1 d 1 h'],
  ]);
});

test('claims are read as UTF-8, in order; what is no JWT has none', () => {
  const claims = { aud: ['a', 'b'], username: 'grüße', exp: 7, uid: '20001', nbf: 1, other: 1 };
  const token = `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`;
  assert.deepEqual(
    claimRows(token, (seconds) => `at ${seconds}`),
    [
      { label: 'User', text: 'grüße' },
      { label: 'Unix uid', text: '20001' },
      { label: 'Audience', text: 'a, b' },
      { label: 'Ends', text: 'at 7' },
    ],
  );
  for (const text of ['', 'header.claims.signature', 'a.bnVsbA.c', 'a.W10.c', 'a.%.c'])
    assert.deepEqual(claimRows(text, String), []);
});

test('a shell reads names and addresses in the commands as one word each, whatever is in them', () => {
  const hostile = `al ice'; touch /tmp/x; echo "$(id)"`;
  const ways = waysToUse({ origin: 'https://pamhook.example.org:6443', username: hostile, token: 'a.b.c' });
  assert.deepEqual(
    ways.map(({ id }) => id),
    ['plugin', 'set-credentials', 'curl'],
  );
  for (const { commands } of ways) {
    // The arguments of each command that is run, in brackets.
    const show = (name: string) => `${name}() { printf '[%s]' "$@" >&2; }`;
    const script = `${show('kubectl')}\n${show('curl')}\n${commands}`;
    const shown = execFileSync('sh', ['-c', `{ ${script}\n} 2>&1`], { encoding: 'utf8' });
    assert.ok(shown.includes(`[${hostile}]`) || shown.includes(`[--user=${hostile}]`), shown);
  }
});

test('web addresses in what the operator says become links, and nothing else does', () => {
  assert.deepEqual(linkParts('Change it at https://id.example.org/reset?x=1, or ask.'), [
    { text: 'Change it at ', link: false },
    { text: 'https://id.example.org/reset?x=1', link: true },
    { text: ', or ask.', link: false },
  ]);
  assert.deepEqual(linkParts('javascript:alert(1) data:x'), [{ text: 'javascript:alert(1) data:x', link: false }]);
  assert.deepEqual(
    linkParts('(http://a.example/b).').filter(({ link }) => link),
    [{ text: 'http://a.example/b', link: true }],
  );
});

test('a reason is told as what to do about it, and one not known here as what it is', () => {
  assert.deepEqual(wordsFor({ kind: 'refused', reason: 'password expired', help: 'Ask.' }), {
    title: 'Password expired',
    text: 'The password is right, but it has expired. Set a new one, then sign in with that.',
    help: 'Ask.',
  });
  assert.match(wordsFor({ kind: 'refused', reason: 'something else' }).text, /may not sign in now/);
  assert.match(wordsFor({ kind: 'throttled', wait: 90 }).text, /another 1 minute 30 seconds/);
});
