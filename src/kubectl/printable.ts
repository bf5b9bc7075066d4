/** Texts of others (PAM's modules, a server, a file) as a terminal may show them. */

const LONGEST = 1024;
/** Control, format (marks of direction too), surrogate, private and unassigned characters, and the two Unicode line ends. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]+/gu;

/** One line of at most 1,024 characters, with nothing in it that a terminal would obey. */
export function printable(text: string): string {
  const line = text.slice(0, LONGEST + 1).replace(UNSAFE, ' ');
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}
