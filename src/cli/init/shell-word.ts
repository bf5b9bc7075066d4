/** A word of a command line that is printed to be copied; used by `pamhook init`. */

/** Quoted for sh(1) where it must be. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
