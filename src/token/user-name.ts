/** Which account names may stand in a token and in an answer to Kubernetes; used where tokens are made and where they are reviewed. */

/** What PAM takes at most. */
export const MAX_USERNAME_BYTES = 511;

/** Controls, lone surrogates, line and paragraph separators: they cut names short, forge lines or make two names look one. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

export function isUsername(name: unknown): name is string {
  return (
    typeof name === 'string' && name !== '' && Buffer.byteLength(name) <= MAX_USERNAME_BYTES && !UNPRINTABLE.test(name)
  );
}

/** Users and groups that Kubernetes keeps for itself: `system:masters` is an administrator, and nothing after pamhook filters it. */
export function isReserved(name: string): boolean {
  return name.startsWith('system:');
}
