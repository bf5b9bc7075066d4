/** HTML as a template literal that escapes whatever is put into it; used by the front. */

/** Markup that is safe to send. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

export type Child = Html | string | number | undefined | readonly Html[];

/** What is put in becomes text, or the value of an attribute in double quotes; only what html`` made stays markup. */
export function html(strings: TemplateStringsArray, ...children: readonly Child[]): Html {
  return new Html(String.raw({ raw: strings }, ...children.map(markupOf)));
}

export const nothing = new Html('');

function markupOf(child: Child): string {
  if (child === undefined) return '';
  if (child instanceof Html) return child.markup;
  return typeof child === 'object' ? child.map(({ markup }) => markup).join('') : escapeText(String(child));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters have no place in HTML, and a NUL would become U+FFFD anyhow. */
function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '').replace(/(?![\t\n\r])\p{Cc}/gu, '\ufffd');
}
