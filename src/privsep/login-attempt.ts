/** Whose guess a login is, as the limits count it; in the supervisor. */
import { sourceNetwork } from '../http/source-address.js';
import type { LoginAttempt } from '../token/login-limits.js';
import type { LoginFrame } from './protocol.js';
import { turnOf } from './turn.js';

/** Marks, spaces, controls and characters without a shape: directories that compare as LDAP and SQL do pass over them. */
const PASSED_OVER = /[\p{M}\p{C}\p{Z}\s]/gu;

/**
 * More spellings than turnOf() brings together, since a guesser tries them all, and whoever shares a count with a namesake shares it only
 * with those who come from the same source. What still slips through counts against the source.
 */
export function attemptOf({ username, source }: Pick<LoginFrame, 'username' | 'source'>): LoginAttempt {
  const name = turnOf(username).normalize('NFKD').replace(PASSED_OVER, '');
  return { account: name.toUpperCase().toLowerCase(), source: sourceNetwork(source) };
}
