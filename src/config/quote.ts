/** How a value of the operator's is shown in a fault or a warning; the supervisor and the client commands use it. */

const LONGEST = 80;
/** Control, format (bidi included), surrogate, private and unassigned characters, and the two Unicode line ends. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** The text in double quotes on one line, cut to 80 characters, with nothing in it that a terminal would obey. */
export function quote(text: string): string {
  return asJson(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
}

/** JSON, and so YAML, on one line, with nothing in it that a terminal would obey. */
export function asJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, escapeCodeUnits);
}

function escapeCodeUnits(character: string): string {
  return Array.from({ length: character.length }, (_, i) => codeUnit(character.charCodeAt(i))).join('');
}

function codeUnit(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`;
}
