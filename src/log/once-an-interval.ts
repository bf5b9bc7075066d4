/** Lets one line a cause and interval into the log, at once, and counts the others: for what clients can cause as often as they like. */

/** Milliseconds between two lines on one cause. */
export const INTERVAL = 10_000;

/** How many of the cause there were since the last line; absent: none. */
export interface Unsaid {
  readonly othersBefore?: number;
}

/** undefined: not now. The causes must be few; `now`: milliseconds of a steady clock. */
export function onceAnInterval<C>(now: () => number): (cause: C) => Unsaid | undefined {
  const told = new Map<C, { readonly at: number; others: number }>();
  return (cause) => {
    const last = told.get(cause);
    if (last !== undefined && now() - last.at < INTERVAL) {
      last.others += 1;
      return undefined;
    }
    told.set(cause, { at: now(), others: 0 });
    return last === undefined || last.others === 0 ? {} : { othersBefore: last.others };
  };
}
