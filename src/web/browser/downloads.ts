/** Offers kubeconfigs that came with the token as files; runs in the browser. */
import type { Kubeconfigs } from './answer.js';
import { make, makeButton } from './elements.js';

const FILE_NAME = 'kubeconfig';

export function offerKubeconfigs(place: HTMLElement, { token, exec }: Kubeconfigs): void {
  const withPlugin = exec === undefined ? [] : [makeButton('Download with the plugin', () => download(exec))];
  const about =
    exec === undefined
      ? 'It has this token, and is good until that ends.'
      : 'With the plugin it asks for your password when it needs to; with the token it is good until that ends.';
  place.replaceChildren(
    make('h2', {}, 'Or as a kubeconfig'),
    make('p', {}, about),
    ...withPlugin,
    makeButton('Download with this token', () => download(token)),
  );
  place.hidden = false;
}

function download(text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }));
  make('a', { href: url, download: FILE_NAME }).click();
  // Not at once: the download has yet to read it.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
