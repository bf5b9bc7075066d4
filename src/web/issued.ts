/** The token and how it is used, as HTML: filled in, or as the template that the script fills in; used by the front. */
import { claimRows } from './browser/claims.js';
import { waysToUse } from './browser/commands.js';
import { type Html, html, nothing } from './html.js';
import type { IssuedView } from './view.js';

/** undefined: the template. */
export function issuedSection(view: IssuedView | undefined): Html {
  const now = view === undefined ? undefined : html` data-now="${view.now}"`;
  return html`<section id="issued" class="card" aria-labelledby="issued-title"${now}>
<h1 id="issued-title" tabindex="-1">Signed in as <span data-fill="username">${view?.username}</span></h1>
<ul class="notice calm" data-fill="messages"${(view?.messages.length ?? 0) === 0 ? html` hidden` : undefined}>${view?.messages.map(
    (message) => html`<li>${message}</li>`,
  )}</ul>
<div class="heading"><h2 id="token-title">Token</h2>${timer(view)}</div>
<div class="code" data-copied="token"><pre><code id="token" data-fill="token">${view?.token}</code></pre></div>
<p class="hint">Whoever has it acts as you until it ends. It is kept nowhere: leave this page, and it is gone from here.</p>
<details open><summary>What stands in it</summary><dl data-fill="claims">${claims(view)}</dl></details>
<h2>Use it</h2>
<div class="ways" data-fill="ways">${ways(view)}</div>
<div class="downloads" data-fill="downloads" hidden></div>
</section>`;
}

function timer(view: IssuedView | undefined): Html {
  const time = view === undefined ? '' : utc(view.expiresAt);
  return html`<p class="timer" role="timer"><span>ends <time data-fill="end" datetime="${time}">${time.replace('T', ' ').replace('Z', ' UTC')}</time></span></p>`;
}

function claims(view: IssuedView | undefined): Html | readonly Html[] {
  if (view === undefined) return nothing;
  return claimRows(view.token, utc).map(({ label, text }) => html`<dt>${label}</dt><dd>${text}</dd>`);
}

function ways(view: IssuedView | undefined): readonly Html[] {
  return waysToUse(view ?? { origin: '', username: '', token: '' }).map(
    ({ id, title, about, commands }) => html`<section id="way-${id}" aria-labelledby="way-${id}-title">
<h3 id="way-${id}-title">${title}</h3>
<p>${about}</p>
<div class="code" data-copied="commands"><pre><code>${view && commands}</code></pre></div>
</section>`,
  );
}

/** RFC 3339. */
function utc(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
