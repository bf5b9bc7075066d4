/** How long to wait before something that died is started again; runs in the supervisor. */

const FIRST = 100;
const LONGEST = 5_000;

/** What lived so long counts as healthy: its next death is a first one again. */
const HEALTHY_AFTER = 10_000;

export interface BackOff {
  /** To be called at each start; `now` in milliseconds of any steady clock. */
  started(now: number): void;
  /** Milliseconds to wait after a death: 0 for the first, then 100 doubling to 5,000. */
  delayAfterDeath(now: number): number;
}

export function createBackOff(): BackOff {
  let startedAt = 0;
  let deaths = 0;
  return {
    started(now) {
      startedAt = now;
    },
    delayAfterDeath(now) {
      if (now - startedAt >= HEALTHY_AFTER) deaths = 0;
      deaths += 1;
      return deaths === 1 ? 0 : Math.min(LONGEST, FIRST * 2 ** (deaths - 2));
    },
  };
}
