/** Shows a token: fills in the template of the page, or takes over what came without it; runs in the browser. */
import type { Issued } from './answer.js';
import { claimRows } from './claims.js';
import { waysToUse } from './commands.js';
import { addCopyButtons } from './copying.js';
import { countDown, type Ending } from './countdown.js';
import { offerKubeconfigs } from './downloads.js';
import { all, find, make } from './elements.js';
import { makeTabs } from './tabs.js';

/** What it returns stops its clock. */
export function fillIn(section: HTMLElement, issued: Issued, onEnd: () => void): () => void {
  const { username, token, messages, kubeconfigs } = issued;
  const slot = (name: string) => find(section, `[data-fill=${name}]`, HTMLElement);
  slot('username').textContent = username;
  slot('token').textContent = token;
  slot('messages').replaceChildren(...messages.map((message) => make('li', {}, message)));
  slot('messages').hidden = messages.length === 0;
  slot('claims').replaceChildren(
    ...claimRows(token, localTime).flatMap(({ label, text }) => [make('dt', {}, label), make('dd', {}, text)]),
  );
  const commands = all(section, '.ways code', HTMLElement);
  waysToUse({ origin: location.origin, username, token }).forEach((way, index) => {
    commands[index]?.append(way.commands);
  });
  if (kubeconfigs !== undefined) offerKubeconfigs(slot('downloads'), kubeconfigs);
  return enliven(section, issued, onEnd);
}

/** Of a page that the server has filled in: a form may be sent before the script is there. */
export function takeOver(section: HTMLElement, onEnd: () => void): () => void {
  const end = Date.parse(find(section, 'time', HTMLTimeElement).dateTime);
  const lifetime = end - Number(section.dataset['now']);
  return enliven(section, { endsAt: Date.now() + lifetime, lifetime }, onEnd);
}

function enliven(section: HTMLElement, ending: Ending, onEnd: () => void): () => void {
  addCopyButtons(section);
  makeTabs(find(section, '.ways', HTMLElement), 'Ways to use it');
  return countDown(find(section, '.timer', HTMLElement), ending, onEnd);
}

function localTime(seconds: number): string {
  return new Date(seconds * 1000).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' });
}
