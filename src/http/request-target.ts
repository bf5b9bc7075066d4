/** The request target (RFC 9112, 3.2), brought to the one form that routing reads; runs in the front. */

const ABSOLUTE_FORM = /^https?:\/\/[^/?#]*/i;
/** Visible ASCII without `#`: a client must encode everything else, and two parsers could disagree on it. */
const TARGET = /^[!"$-~]+$/;

/**
 * The target in origin form; an absolute form, which a server must accept, loses scheme and authority.
 * undefined for what no client may send.
 */
export function originForm(target: string): string | undefined {
  if (!TARGET.test(target)) return undefined;
  if (target.startsWith('/') || target === '*') return target;
  if (!ABSOLUTE_FORM.test(target)) return undefined;
  const rest = target.replace(ABSOLUTE_FORM, '');
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** The target up to the query, byte for byte: nothing is decoded, no slashes are merged. */
export function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}

/** What follows the `?`; empty when there is no query. */
export function queryOf(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? '' : target.slice(query + 1);
}
