/** Takes the users that vanished, as the front counted them, into the audit log; one desk for all fronts, in the supervisor. */
import { createEntryBudget } from './entry-budget.js';
import type { VanishedFrame } from './protocol.js';
import type { ReviewDeskOptions } from './review-desk.js';

export interface VanishedDesk {
  /** From the front of this pid. Throws ERR_PROTOCOL for more entries than fronts can have counted, and what `audit` throws. */
  take(frame: VanishedFrame, pid: number): void;
}

/** A front counts for ten seconds, and tells some 1,024 users apart. */
const ENTRIES_PER_SECOND = 128;

export function createVanishedDesk({ audit, now }: ReviewDeskOptions): VanishedDesk {
  const spend = createEntryBudget({ perSecond: ENTRIES_PER_SECOND, now, what: 'vanished users' });
  return {
    take({ entries }, pid) {
      spend(entries.length);
      for (const { user, again, count } of entries) {
        audit({ event: 'identity.vanished', user, again, count }, 'front', pid);
      }
    },
  };
}
