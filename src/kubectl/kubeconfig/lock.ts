/** kubectl's own lock on the files of a kubeconfig, `FILE.lock`: neither reads or writes what the other is writing; taken by `pamhook kubeconfig`. */
import { closeSync, openSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds. kubectl gives up at once; its work, and ours, takes a few. */
export const LOCK_TIMEOUT = 5_000;
const BETWEEN_ATTEMPTS = 20;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The work is synchronous and signals wait for its end: nothing but SIGKILL leaves a lock behind, over which kubectl would stumble.
 * Throws Error when others hold a lock for LOCK_TIMEOUT; none is broken, since kubectl breaks none.
 */
export async function withLocks<T>(files: readonly string[], work: () => T, timeout = LOCK_TIMEOUT): Promise<T> {
  // In one order whoever asks: client-go sorts them too.
  const locks = [...new Set(files)].map((file) => `${file}.lock`).sort();
  const deadline = performance.now() + timeout;
  for (;;) {
    const attempt = withoutSignals(() => attemptWith(locks, work));
    if ('result' in attempt) return attempt.result;
    if (performance.now() > deadline) {
      throw new Error(`another kubectl or pamhook is at work (${attempt.held}); if none is, remove that file`);
    }
    await sleep(BETWEEN_ATTEMPTS);
  }
}

/** All locks or none. */
function attemptWith<T>(locks: readonly string[], work: () => T): { result: T } | { held: string } {
  const taken: string[] = [];
  try {
    for (const lock of locks) {
      const taking = take(lock);
      if (taking === 'held') return { held: lock };
      if (taking === 'taken') taken.push(lock);
    }
    return { result: work() };
  } finally {
    for (const lock of taken) rmSync(lock, { force: true });
  }
}

type Taking = 'taken' | 'held' | 'impossible';

function take(lock: string): Taking {
  try {
    closeSync(openSync(lock, 'wx', 0o600));
    return 'taken';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return 'held';
    // Where no lock can be made, the file beside it cannot be replaced: it is only read.
    return 'impossible';
  }
}

function withoutSignals<T>(work: () => T): T {
  const later = () => {};
  for (const signal of SIGNALS) process.on(signal, later);
  try {
    return work();
  } finally {
    for (const signal of SIGNALS) process.off(signal, later);
  }
}
