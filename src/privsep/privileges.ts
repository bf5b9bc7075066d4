/** Giving up privileges for good, and what every process does to keep its secrets to itself. Used by front and worker. */
import { PamhookError } from '../errors.js';
import type { Logger } from '../log/logger.js';
import type { Native } from '../native/native.js';
import type { Account } from './protocol.js';

const SIGKILL = 9;

/** Keeps keys and passwords out of swap. Called while still root: locking needs its right. */
export function guardMemory(native: Native, lock: boolean, log: Logger): void {
  if (!lock) return;
  try {
    native.lockMemory();
  } catch (fault) {
    log.warn('memory cannot be locked: passwords and keys may reach swap', { fault });
  }
}

/** Becomes `account` and makes sure that there is no way back. Throws ERR_PRIVILEGE; the caller must then end. */
export function dropTo(native: Native, account: Account | undefined): void {
  if (account !== undefined) {
    native.dropPrivileges({ uid: account.uid, gid: account.gid, groups: [] });
    // PR_SET_DUMPABLE is set to fs.suid_dumpable by a change of user (prctl(2)), and a core_pattern that is a pipe heeds no limit.
    native.forbidCoreDumps();
  }
  const reached = native.setNoNewPrivileges();
  if (account === undefined) return;
  if (reached !== 'all threads') throw new PamhookError('ERR_PRIVILEGE', 'no_new_privs did not reach all threads');
  if (native.canRegainPrivileges())
    throw new PamhookError('ERR_PRIVILEGE', 'privileges could be regained after the drop');
}

/** Dies with the supervisor, however that ends. After the drop: setuid clears the setting. */
export function dieWithSupervisor(native: Native, supervisorPid: number): void {
  native.setParentDeathSignal(SIGKILL);
  if (process.ppid !== supervisorPid) process.exit(1);
}

/** To Node SIGUSR1 means: listen on loopback for a debugger, with which every local user could then run what he likes in this process. */
export function refuseDebugger(): void {
  process.on('SIGUSR1', () => {});
}

/** A signal sent to the whole group or service must not cut a login short: the supervisor says when to end. */
export function leaveSignalsToSupervisor(): void {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
}
