/** Texts of PAM modules, cut to what a frame between processes can hold. Used by the PAM worker. */

/** UTF-16 units of all texts together: in JSON each may take six bytes, and a frame of 64 KiB holds a token of 16 KiB beside them. */
const TOTAL = 6 * 1024;
const EACH = 1024;
const COUNT = 32;

/** The first texts, each cut to 1,024 units, until 6,144 units are used up. */
export function boundedTexts(texts: readonly string[]): string[] {
  const kept: string[] = [];
  let left = TOTAL;
  for (const text of texts.slice(0, COUNT)) {
    const cut = text.slice(0, Math.min(EACH, left));
    if (cut === '' && text !== '') break;
    kept.push(cut);
    left -= cut.length;
  }
  return kept;
}
