/** Whose logins run one after the other; in the supervisor. */

/**
 * What the spellings of one account's name have in common: case, width and domain do not count. Users who share one without being
 * the same only wait for each other.
 *
 * Modules for one-time codes look whether a code was used, and note that it is, in two steps: of two workers with the same code at
 * the same moment, both would take it.
 */
export function turnOf(username: string): string {
  const name = username.normalize('NFKC').toLowerCase();
  return name.replace(/^.*\\/s, '').replace(/@.*$/s, '');
}
