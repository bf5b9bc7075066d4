/** Finds and makes elements; never from markup, which the page's Content-Security-Policy forbids to scripts. Runs in the browser. */

/** The first that the selector finds, which the page must have. */
export function find<T extends Element>(root: ParentNode, selector: string, type: new () => T): T {
  const found = root.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`the page has no ${selector}`);
  return found;
}

export function all<T extends Element>(root: ParentNode, selector: string, type: new () => T): T[] {
  return [...root.querySelectorAll(selector)].filter((element): element is T => element instanceof type);
}

export function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...children);
  return element;
}

/** A button that does something here, and sends nothing. */
export function makeButton(text: string, onClick: () => void, className = 'quiet'): HTMLButtonElement {
  const button = make('button', { type: 'button', class: className }, text);
  button.addEventListener('click', onClick);
  return button;
}
