/** Gives each piece of code a button that copies it; runs in the browser. */
import { all, find, make, makeButton } from './elements.js';

/** Milliseconds for which the button says that it did. */
const SHOWN_FOR = 2_000;

export function addCopyButtons(root: ParentNode): void {
  for (const code of all(root, '[data-copied]', HTMLElement)) {
    const what = code.dataset['copied'] ?? '';
    const status = make('span', { class: 'unseen', role: 'status' });
    const button = makeButton(`Copy ${what}`, () => void copy());
    code.append(button, status);

    async function copy(): Promise<void> {
      const done = await copyText(find(code, 'code', HTMLElement));
      button.textContent = done ? 'Copied' : 'Press Ctrl+C';
      status.textContent = done ? `Copied the ${what}` : `The ${what} is selected: press Ctrl+C to copy`;
      setTimeout(() => {
        button.textContent = `Copy ${what}`;
        status.textContent = '';
      }, SHOWN_FOR);
    }
  }
}

/** Where the browser does not let it, the text is selected for the person to copy. */
async function copyText(code: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(code.textContent ?? '');
    return true;
  } catch {
    getSelection()?.selectAllChildren(code);
    return false;
  }
}
