/** The script of the page: what the form and the token do beyond what HTML does; runs in the browser. */
import type { Issued } from './answer.js';
import { find, make, makeButton } from './elements.js';
import { fillIn, takeOver } from './issued.js';
import { enlivenForm } from './sign-in.js';

const page = find(document, 'main', HTMLElement);
const title = document.title;
const signInPart = page.querySelector('#sign-in');

if (signInPart instanceof HTMLElement) startWith(signInPart);
else startWithToken(find(page, '#issued', HTMLElement));

function startWith(section: HTMLElement): void {
  const template = find(page, '#issued-template', HTMLTemplateElement);
  const signIn = enlivenForm(section, show);
  let stop = () => {};

  function show(issued: Issued): void {
    const shown = find(template.content.cloneNode(true) as DocumentFragment, '#issued', HTMLElement);
    stop = fillIn(shown, issued, () => end('The token has ended.'));
    shown.append(makeButton('Done: forget the token', () => end('The token is gone from this page.')));
    section.hidden = true;
    section.after(shown);
    document.title = `Token for ${issued.username} · pamhook`;
    find(shown, 'h1', HTMLElement).focus();
  }

  /** The form, and nothing of what was there. */
  function clear(): void {
    stop();
    stop = () => {};
    page.querySelector('#issued')?.remove();
    page.querySelector('#ended')?.remove();
    section.hidden = false;
    document.title = title;
    signIn.clear();
  }

  function end(words: string): void {
    clear();
    section.before(make('p', { id: 'ended', class: 'notice calm narrow', role: 'status' }, words));
    signIn.focus();
  }

  addEventListener('pagehide', clear);
}

/** A form was sent before the script was there. */
function startWithToken(section: HTMLElement): void {
  const stop = takeOver(section, clear);

  function clear(): void {
    stop();
    section.replaceChildren(make('p', {}, 'The token is gone from this page. '), make('a', { href: './' }, 'Sign in'));
  }

  addEventListener('pagehide', clear);
}
