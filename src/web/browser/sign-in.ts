/** The form: sends what was typed, and says why there is no token; runs in the browser. */
import { type Answer, type Issued, signIn } from './answer.js';
import { SECOND } from './countdown.js';
import { all, find, make, makeButton } from './elements.js';
import { makeSlider } from './lifetime.js';
import { linkParts, type Problem, wordsFor } from './problems.js';
import { addPrompts } from './prompts.js';
import { shortSpan } from './spans.js';

export interface SignIn {
  /** Forgets everything that was typed, and ends what is under way. */
  clear(): void;
  focus(): void;
}

const BUSY = 'aria-disabled';

export function enlivenForm(section: HTMLElement, onIssued: (issued: Issued) => void): SignIn {
  const form = find(section, 'form', HTMLFormElement);
  const button = find(section, 'button.main', HTMLButtonElement);
  const place = { problem: find(section, '#problem', HTMLElement), prompts: find(section, '#prompts', HTMLElement) };
  const account = find(section, '#account', HTMLElement);
  const choices = find(section, '#choices', HTMLElement);
  // Neither is there for whom a proxy has let in.
  const [username] = all(form, '#username', HTMLInputElement);
  const [password] = all(form, '#password', HTMLInputElement);
  const words = button.textContent ?? '';
  const startOver = makeButton('Start over', restart);
  let left = new AbortController();
  let waiting: ReturnType<typeof setInterval> | undefined;

  find(section, '.actions', HTMLElement).append(startOver);
  section.querySelector('.without-script')?.remove();
  makeSlider(find(section, '#lifetime-field', HTMLElement));
  // A form that the server sent back with prompts has its fields at once.
  showStep(place.prompts.querySelector('input') !== null && password?.value !== '');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!button.hasAttribute(BUSY)) void submit();
  });

  async function submit(): Promise<void> {
    const { signal } = left;
    setBusy('Checking…');
    const answer = await signIn(form, signal);
    if (signal.aborted) return;
    setBusy(undefined);
    show(answer);
  }

  function show(answer: Answer): void {
    if (answer.kind === 'issued') {
      clear();
      onIssued(answer);
    } else if (answer.kind === 'prompted') {
      say(wordsOf({ kind: 'prompted' }), true);
      showStep(true);
      addPrompts(place.prompts, answer.prompts);
    } else {
      say(wordsOf(answer), false);
      if (answer.kind === 'throttled') wait(answer.wait);
      if (answer.kind === 'refused') forgetSecrets();
    }
  }

  function say(children: readonly Node[], calm: boolean): void {
    place.problem.classList.toggle('calm', calm);
    place.problem.replaceChildren(...children);
    place.problem.hidden = children.length === 0;
  }

  function setBusy(text: string | undefined): void {
    button.textContent = text ?? words;
    button.toggleAttribute(BUSY, text !== undefined);
    if (text !== undefined) button.setAttribute(BUSY, 'true');
  }

  /** The button counts, not the notice: a screen reader would read that out each second. */
  function wait(seconds: number): void {
    const until = Date.now() + seconds * SECOND;
    const tick = () => {
      const rest = Math.ceil((until - Date.now()) / SECOND);
      setBusy(rest > 0 ? `Wait ${shortSpan(rest)}` : undefined);
      if (rest <= 0) clearInterval(waiting);
    };
    clearInterval(waiting);
    waiting = setInterval(tick, SECOND);
    tick();
  }

  /** The second step shows what is still asked, alone; the form keeps the rest. */
  function showStep(second: boolean): void {
    account.hidden = second;
    choices.hidden = second;
    startOver.hidden = !second;
  }

  function forgetSecrets(): void {
    place.prompts.replaceChildren();
    if (password) password.value = '';
    showStep(false);
    password?.focus();
  }

  function restart(): void {
    clear();
    focus();
  }

  function focus(): void {
    (username ?? button).focus();
  }

  function clear(): void {
    left.abort();
    left = new AbortController();
    clearInterval(waiting);
    setBusy(undefined);
    place.prompts.replaceChildren();
    form.reset();
    for (const field of [username, password]) if (field) field.value = '';
    showStep(false);
    say([], false);
  }

  return { clear, focus };
}

function wordsOf(problem: Problem): readonly Node[] {
  const { title, text, help } = wordsFor(problem);
  const more = help === undefined ? [] : [make('p', {}, ...linkParts(help).map(linkOrText))];
  return [make('strong', {}, title), make('p', {}, text), ...more];
}

function linkOrText({ text, link }: { readonly text: string; readonly link: boolean }): Node | string {
  return link ? make('a', { href: text, rel: 'noreferrer' }, text) : text;
}
