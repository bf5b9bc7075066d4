/** The lifetimes that the page offers, up to the longest; used by the front. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const ROUND = [
  ...[1, 2, 5, 10, 15, 20, 30, 45].map((minutes) => minutes * MINUTE),
  ...[1, 1.5, 2, 3, 4, 6, 8, 10, 12].map((hours) => hours * HOUR),
  ...[1, 2, 3, 7, 14, 30, 90, 180, 365].map((days) => days * DAY),
];

/** Seconds, rising: round ones, the one of who chooses none, and at the end the longest. */
export function offeredLifetimes(usual: number, longest: number): readonly number[] {
  const offered = new Set([...ROUND.filter((lifetime) => lifetime < longest), usual, longest]);
  return [...offered].sort((one, other) => one - other);
}
