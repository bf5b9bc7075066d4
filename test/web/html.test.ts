import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html } from '#src/web/html.js';

test('what is put into HTML stays text, in an element and in an attribute', () => {
  const hostile = `<script>alert("1")</script>&'`;
  const { markup } = html`<p title="${hostile}">${hostile}</p>`;
  const escaped = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;';
  assert.equal(markup, `<p title="${escaped}">${escaped}</p>`);
});

test('markup made by the same means stays markup, one by one and in lists; nothing is left of undefined', () => {
  const items = ['a', '<b>'].map((text) => html`<li>${text}</li>`);
  assert.equal(html`<ul>${items}</ul>${undefined}${1}`.markup, '<ul><li>a</li><li>&lt;b&gt;</li></ul>1');
});

test('control characters are shown as what cannot be shown; tabs and line ends stay', () => {
  assert.equal(html`${'a\0\x1b[2J\x7f\x9b\t\nb'}`.markup, 'a\ufffd\ufffd[2J\ufffd\ufffd\t\nb');
});
