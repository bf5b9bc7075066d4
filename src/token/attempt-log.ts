/** The attempts of one source that count against it, oldest first; kept by the supervisor. */

/**
 * Time and account in turn, as plain numbers: a flood leaves very many. An attempt whose account has been cleared stays with account 0 and
 * counts for the source alone.
 */
export type AttemptLog = number[];

const STRIDE = 2;
export const NO_ACCOUNT = 0;

/** `time` no earlier than that of the attempts before; `account` a number above 0. */
export function addAttempt(log: AttemptLog, time: number, account: number): void {
  log.push(time, account);
}

/** When they were made; of one account, or of all. */
export function attemptTimes(log: AttemptLog, account?: number): number[] {
  const times: number[] = [];
  for (let at = 0; at < log.length; at += STRIDE) {
    if (account === undefined || log[at + 1] === account) times.push(log[at] as number);
  }
  return times;
}

export function latestAttempt(log: AttemptLog): number {
  return log.at(-STRIDE) ?? Number.NEGATIVE_INFINITY;
}

/** Drops those made at `time` or earlier. */
export function forgetAttempts(log: AttemptLog, time: number): void {
  let end = 0;
  while (end < log.length && (log[end] as number) <= time) end += STRIDE;
  log.splice(0, end);
}

/** Drops one made then by that account. Of two made at the same instant it does not matter which. */
export function giveBackAttempt(log: AttemptLog, time: number, account: number): void {
  const found = indexOf(log, time, account);
  if (found >= 0) log.splice(found, STRIDE);
}

/** From now on the attempts so far count for the source alone. */
export function clearAccount(log: AttemptLog, account: number): void {
  for (let at = 1; at < log.length; at += STRIDE) if (log[at] === account) log[at] = NO_ACCOUNT;
}

export function countAttempts(log: AttemptLog): number {
  return log.length / STRIDE;
}

function indexOf(log: AttemptLog, time: number, account: number): number {
  for (let at = 0; at < log.length; at += STRIDE) if (log[at] === time && log[at + 1] === account) return at;
  return -1;
}
