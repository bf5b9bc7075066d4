/** What the page says when there is no token, as HTML; used by the front. */
import { linkParts, type Problem, wordsFor } from './browser/problems.js';
import { type Html, html } from './html.js';

/** Without a problem an empty place for one. */
export function problemNotice(problem: Problem | undefined): Html {
  if (problem === undefined) return html`<div class="notice" id="problem" role="alert" hidden></div>`;
  const { title, text, help } = wordsFor(problem);
  const calm = problem.kind === 'prompted' ? ' calm' : '';
  return html`<div class="notice${calm}" id="problem" role="alert"><strong>${title}</strong><p>${text}</p>${
    help === undefined ? undefined : html`<p>${linked(help)}</p>`
  }</div>`;
}

function linked(text: string): readonly Html[] {
  return linkParts(text).map((part) =>
    part.link ? html`<a href="${part.text}" rel="noreferrer">${part.text}</a>` : html`${part.text}`,
  );
}
