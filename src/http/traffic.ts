/** What the front's server tells of connections and requests, for counting. */
export interface Traffic {
  opened(): void;
  closed(): void;
  /** A connection closed as it came: its source had its share, or all places were taken. */
  turnedAway(reason: 'source' | 'total'): void;
  handshakeFailed(): void;
  /** `status` undefined: the client went away before it had its answer. */
  answered(path: string, status: number | undefined): void;
}

/** For servers whose traffic nobody counts. */
export const uncounted: Traffic = { opened() {}, closed() {}, turnedAway() {}, handshakeFailed() {}, answered() {} };
