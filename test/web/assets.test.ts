import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { compileFunction } from 'node:vm';
import { assets, scriptPath, stylePath } from '#src/web/assets.js';
import { page } from '#src/web/page.js';

/** Bytes, uncompressed: script, style, icon, and the larger of the two documents. */
const MOST = 60 * 1024;
const offer = { defaultLifetime: 600, maxLifetime: 31_536_000, audience: ['a', 'b'], kubeconfig: true };
const script = assets.get(`/${scriptPath}`)?.body.toString() ?? '';

test('all that a browser loads for the page is less than 60 KB', () => {
  const issued = { origin: 'https://h', token: 't'.repeat(500), username: 'alice', expiresAt: 0, now: 0, messages: [] };
  const documents = [page.signIn({ offer }), page.issued(issued)].map((text) => Buffer.byteLength(text));
  const loaded = [...assets.values()].map(({ body }) => body.length);
  const total = Math.max(...documents) + loaded.reduce((sum, length) => sum + length);
  assert.ok(total < MOST, `${total} bytes`);
});

test('an asset is named by what is in it', () => {
  assert.equal(assets.size, 3);
  for (const [path, { body }] of assets) {
    const digest = createHash('sha256').update(body).digest('base64url').slice(0, 16);
    assert.match(path, /^\/assets\/(?:page|icon)-[\w-]{16}\.(?:js|css|svg)$/);
    assert.ok(path.includes(`-${digest}.`), path);
  }
});

test('the script is one, which needs nothing else, and nothing that makes markup or keeps what it was told', () => {
  assert.doesNotMatch(script, /^(?:import|export)\b|\bimport\(/m);
  assert.doesNotThrow(() => compileFunction(`'use strict';\n${script}`));
  assert.match(script, /The token has ended/);
  for (const word of [
    'innerHTML',
    'outerHTML',
    'insertAdjacentHTML',
    'document.write',
    'eval(',
    'localStorage',
    'sessionStorage',
    'indexedDB',
    'cookie',
  ])
    assert.ok(!script.includes(word), word);
});

test('nothing in a document is inline, and all that it asks for is its own', () => {
  const documents = [
    page.signIn({ offer }),
    page.issued({ origin: 'https://h', token: 'a.b.c', username: 'u', expiresAt: 0, now: 0, messages: [] }),
  ];
  for (const text of documents) {
    assert.doesNotMatch(text, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:/i);
    const asked = [...text.matchAll(/\s(?:src|href|action)="([^"]*)"/g)].map(([, target]) => target ?? '');
    assert.ok(asked.includes(scriptPath) && asked.includes(stylePath));
    for (const target of asked) assert.ok(target === 'login' || assets.has(`/${target}`), target);
  }
  assert.doesNotMatch(assets.get(`/${stylePath}`)?.body.toString() ?? '', /url\(|@import/);
});
