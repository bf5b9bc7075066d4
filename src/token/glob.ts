/** Globs over names of groups; used by the front. */

/**
 * Whether the glob stands for the whole name: `*` is any text, also none, `?` one character, all else itself, case included.
 * Takes at most as many steps as the name and the glob have characters, multiplied.
 */
export function matchesGlob(glob: string, name: string): boolean {
  let at = 0;
  let read = 0;
  let star = -1;
  let starEnds = 0;
  while (read < name.length) {
    if (glob[at] === '*') {
      star = at;
      starEnds = read;
      at += 1;
      if (at === glob.length) return true;
    } else if (at < glob.length && (glob[at] === '?' || glob[at] === name[read])) {
      read += glob[at] === '?' ? lengthOfCharacter(name, read) : 1;
      at += 1;
    } else if (star >= 0) {
      // Only the last star is tried again: an earlier one that took more would leave less for what follows.
      starEnds += 1;
      read = starEnds;
      at = star + 1;
    } else return false;
  }
  while (glob[at] === '*') at += 1;
  return at === glob.length;
}

/** In UTF-16 units. */
function lengthOfCharacter(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}
