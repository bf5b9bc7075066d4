/** The form to sign in, which needs no script; used by the front. */
import { spanInWords } from './browser/spans.js';
import { type Html, html } from './html.js';
import { offeredLifetimes } from './lifetimes.js';
import { problemNotice } from './problem-notice.js';
import type { Offer, Prompt, SignInView, Typed } from './view.js';

export function signInSection(view: SignInView): Html {
  const { offer, vouched, problem, typed, prompts = [] } = view;
  return html`<section id="sign-in" class="card narrow" aria-labelledby="sign-in-title">
<h1 id="sign-in-title">${vouched === undefined ? 'Sign in' : 'Get a token'}</h1>
<p class="lead">Your Unix account becomes a token for Kubernetes.</p>
${problemNotice(problem)}
<form method="post" action="login" accept-charset="utf-8">
<div id="account">
${vouched === undefined ? [usernameField(typed), passwordField(prompts.length > 0)] : vouchedFor(vouched)}
</div>
<div id="prompts">
${prompts.map(promptField)}
</div>
<div id="choices">
${lifetimeField(offer, typed)}
${audienceField(offer, typed)}
</div>
<div class="actions"><button class="main">Get a token</button>${kubeconfigButton(offer)}</div>
</form>
</section>`;
}

function vouchedFor(username: string): Html {
  return html`<p>You are signed in as <strong>${username}</strong>.</p>`;
}

function usernameField(typed: Typed | undefined): Html {
  return html`<div class="field"><label for="username">User name</label>
<input id="username" name="username" value="${typed?.username}" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" required></div>`;
}

/** Never filled in: what was typed is not sent back. */
function passwordField(again: boolean): Html {
  const hint = again
    ? html`<p class="hint" id="password-hint">Once more, please: without script it is not kept between the two steps.</p>`
    : undefined;
  const describedBy = again ? html` aria-describedby="password-hint"` : undefined;
  return html`<div class="field"><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${describedBy}>${hint}</div>`;
}

/** Of the prompts before only the words come back, not the responses. */
function promptField({ text, echo }: Prompt, index: number): Html {
  const id = `response-${index}`;
  return html`<div class="field"><label for="${id}">${text.trim() || 'Response'}</label>
<input id="${id}" name="response" type="${echo ? 'text' : 'password'}" autocomplete="one-time-code" autocapitalize="none" autocorrect="off" spellcheck="false">
<input type="hidden" name="prompt" value="${echo ? '+' : '-'}${text}"></div>`;
}

function lifetimeField({ defaultLifetime, maxLifetime }: Offer, typed: Typed | undefined): Html {
  const chosen = typed?.lifetime ?? defaultLifetime;
  const options = offeredLifetimes(defaultLifetime, maxLifetime).map((seconds) => {
    const selected = seconds === chosen ? html` selected` : undefined;
    return html`<option value="${seconds}s"${selected}>${spanInWords(seconds)}</option>`;
  });
  return html`<div class="field" id="lifetime-field"><label for="lifetime">Good for</label>
<select id="lifetime" name="lifetime">${options}</select></div>`;
}

/** One alone leaves nothing to choose. */
function audienceField({ audience }: Offer, typed: Typed | undefined): Html | undefined {
  if (audience.length < 2) return undefined;
  const boxes = audience.map((name) => {
    const isChosen = typed?.audience?.length ? typed.audience.includes(name) : true;
    return html`<label class="check"><input type="checkbox" name="audience" value="${name}"${isChosen ? html` checked` : undefined}><span>${name}</span></label>`;
  });
  return html`<fieldset id="audience" aria-describedby="audience-hint"><legend>Audience</legend>
${boxes}
<p class="hint" id="audience-hint">Where the token is taken. With none ticked: at all of them.</p></fieldset>`;
}

/** For those without script: with it, the kubeconfig is offered beside the token. */
function kubeconfigButton({ kubeconfig }: Offer): Html | undefined {
  return kubeconfig
    ? html`<button name="kubeconfig" value="token" class="without-script">Download a kubeconfig</button>`
    : undefined;
}
