/** A directory of a test's own, gone when the test ends; other users may look inside (tests drop to other uids). */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What of a test context the harness needs: also `{ after }` of node:test for a whole file. */
export interface Ending {
  after(cleanup: () => void): void;
}

export function scratchDirectory(t: Ending): string {
  const directory = mkdtempSync(join(tmpdir(), 'pamhook-test-'));
  chmodSync(directory, 0o755);
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
