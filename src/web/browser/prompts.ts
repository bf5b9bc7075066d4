/** Asks what PAM asks beside the password; runs in the browser. */
import type { Prompt } from './answer.js';
import { make } from './elements.js';

/** Adds a field for each to those that are there, and goes to the first of them. */
export function addPrompts(place: HTMLElement, prompts: readonly Prompt[]): void {
  const before = place.querySelectorAll('input').length;
  const fields = prompts.map(({ text, echo }, index) => {
    const id = `response-${before + index}`;
    const input = make('input', {
      id,
      name: 'response',
      type: echo ? 'text' : 'password',
      autocomplete: 'one-time-code',
      autocapitalize: 'none',
      autocorrect: 'off',
      spellcheck: 'false',
    });
    return {
      input,
      field: make('div', { class: 'field' }, make('label', { for: id }, text.trim() || 'Response'), input),
    };
  });
  place.append(...fields.map(({ field }) => field));
  fields[0]?.input.focus();
}
