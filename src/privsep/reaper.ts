/** Ends and reaps what PAM modules leave behind: orphans that were handed to the supervisor. Runs in the supervisor. */
import { readFileSync } from 'node:fs';
import type { Logger } from '../log/logger.js';
import type { Native } from '../native/native.js';

export interface Reaper {
  /** Kills every orphan: called when a worker is gone, whose helpers have nobody to report to any more. */
  endOrphans(): void;
  /** Collects orphans that have ended, so that no zombie stays. */
  reapOrphans(): void;
}

/** `ours`: the children that libuv knows and reaps itself. */
export function createReaper(native: Native, ours: () => Pick<ReadonlySet<number>, 'has'>, log: Logger): Reaper {
  function orphans(): number[] {
    const known = ours();
    return childrenOfThisProcess().filter((pid) => !known.has(pid));
  }
  let blind = false;
  /** False when a fault kept them from being seen, such as EMFILE: the next look may find a descriptor. */
  function forEachOrphan(act: (pid: number) => void): boolean {
    try {
      for (const pid of orphans()) act(pid);
      blind = false;
    } catch (fault) {
      if (!blind) log.warn('what PAM modules leave behind cannot be looked for', { fault });
      blind = true;
    }
    return !blind;
  }
  function end(pid: number): void {
    if (native.reap(pid)) return;
    log.warn('a process that a PAM module left behind is killed', { pid });
    killQuietly(pid);
  }
  let owed = false;
  return {
    reapOrphans() {
      if (!forEachOrphan(owed ? end : native.reap)) return;
      owed = false;
    },
    endOrphans() {
      owed = !forEachOrphan(end);
    },
  };
}

/** /proc/PID/task/TID/children, proc(5). */
function childrenOfThisProcess(): number[] {
  const text = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ESRCH: it ended meanwhile.
  }
}
