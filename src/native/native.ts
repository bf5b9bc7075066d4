/** What the addon (C++) offers, as TypeScript sees it; loaded by the supervisor, the front and the PAM worker. */

/** One message a PAM module sent to the conversation, other than a prompt (pam_conv(3)). */
export interface PamMessage {
  readonly kind: 'info' | 'error';
  readonly text: string;
}

/** One question of a PAM module; `echo` is true for PAM_PROMPT_ECHO_ON. */
export interface PamPrompt {
  readonly text: string;
  readonly echo: boolean;
}

/** Where a transaction ended: the libpam call whose code is reported. */
export type PamStage = 'start' | 'items' | 'authenticate' | 'account' | 'user';

/** `user` is at most 511 bytes of UTF-8 without NUL, so is each response; the caller has checked this. */
export interface PamTransaction {
  readonly service: string;
  readonly user: string;
  /** One response a prompt, in order; the first is the password. Wiped by nobody but the caller. */
  readonly responses: readonly Buffer[];
  /** PAM_RHOST: a numeric address; undefined: not set. */
  readonly remoteHost: string | undefined;
  /** PAM_TTY, for pam_access and pam_securetty. */
  readonly tty: string;
  /** A directory of service files in place of the system's (pam_start_confdir); undefined: the system's. */
  readonly configDir: string | undefined;
  /** false: the account phase alone, without authentication. */
  readonly authenticate: boolean;
}

export interface PamTransactionResult {
  /** The name of libpam's return code: `PAM_SUCCESS`, `PAM_AUTH_ERR`, ... or `PAM_<number>` for one without a name. */
  readonly code: string;
  readonly stage: PamStage;
  readonly messages: readonly PamMessage[];
  /** Prompts that got a response, in order. */
  readonly answered: readonly PamPrompt[];
  /** Prompts for which `responses` had nothing left. The conversation then failed with PAM_CONV_ERR. */
  readonly unanswered: readonly PamPrompt[];
  /** The largest delay that libpam asked for (PAM_FAIL_DELAY), microseconds; it was not slept. */
  readonly failDelay: number;
  /** PAM_USER at the end of a successful transaction; undefined otherwise. */
  readonly user: string | undefined;
}

/** An entry of the passwd database. Ids are unsigned 32 bit. */
export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export interface GroupList {
  /** Names, primary group included, in the order getgrouplist gave; no name twice. */
  readonly names: readonly string[];
  /** Gids that no group entry names, or names in other than UTF-8. */
  readonly nameless: readonly number[];
}

/**
 * Everything that needs C. Functions that return promises run on the addon's own few threads, never on libuv's: process.exit() waits
 * for none of them. Every function throws a TypeError that names the argument when one is not as described.
 */
export interface Native {
  /** One whole PAM transaction; blocks the calling thread. Throws TypeError on input that must not reach C. */
  pamTransaction(transaction: PamTransaction): PamTransactionResult;

  /**
   * getpwnam_r(3). Resolves to undefined when there is no such user.
   * Rejects with UnavailableError ERR_NSS_FAILED (cause: an Error with `errno` and `code`) when the database could not be asked,
   * or when more than the addon's bound of lookups wait already.
   */
  lookupUser(name: string): Promise<PasswdEntry | undefined>;
  /** getgrouplist(3) and getgrgid_r(3). Rejects like lookupUser. */
  groupsOf(user: PasswdEntry): Promise<GroupList>;
  /** getgrnam_r(3): the gid, or undefined when there is no such group. Rejects like lookupUser. */
  lookupGroup(name: string): Promise<number | undefined>;

  /** A zeroed buffer outside V8's heap, in pages locked into memory where the limit allows, left out of core files, wiped when freed. */
  secretBuffer(size: number): Buffer;
  /** Locks the C heap (where OpenSSL and libpam keep keys and passwords) and room for it to grow. Throws Error with `code` 'EPERM' or 'ENOMEM'. */
  lockMemory(): void;
  /** malloc_trim(3): gives what is free in the C heap back to the system, but for the room that lockMemory() made. */
  trimHeap(): void;
  /** Overwrites the value of a variable where this process was given it, so that /proc/PID/environ shows it no more. */
  wipeEnvironmentVariable(name: string): void;
  /** prctl(PR_SET_DUMPABLE) and RLIMIT_CORE 0: no core file, /proc/self closed to the same uid. */
  forbidCoreDumps(): void;
  /**
   * prctl(PR_SET_NO_NEW_PRIVS), and a seccomp filter that answers EPERM to execve, ptrace, mounts, namespaces, the kernel's code,
   * keyrings and their like. Both for all threads, or, where the kernel has no seccomp, the first for this thread alone: says which.
   */
  setNoNewPrivileges(): 'all threads' | 'this thread';
  /** prctl(PR_SET_PDEATHSIG, signal): cleared by setuid, so called after the drop. */
  setParentDeathSignal(signal: number): void;
  /** What this thread forks from now on, in C, gets SIGKILL when this process ends, however it ends. */
  tieHelpers(): void;
  /** prctl(PR_SET_CHILD_SUBREAPER): orphaned descendants become children of this process. */
  setChildSubreaper(): void;
  /** waitpid(pid, WNOHANG) of a child that libuv does not know: true when it was reaped. */
  reap(pid: number): boolean;
  /** waitpid(-1, WNOHANG) of every child that has ended: for a process that starts none through Node. */
  reapAll(): void;
  /** Drops to the account: setresgid, setresuid, empty bounding and ambient capability sets. Throws Error with `code`. */
  dropPrivileges(account: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] }): void;
  /**
   * Whether uid 0, gid 0 or any capability can still be had: tries it, and reads the ids and capability sets of every thread.
   * A bounding set counts only without no_new_privs (execve alone could draw on it), so call it after setNoNewPrivileges.
   * Having regained root by trying, the process must end.
   */
  canRegainPrivileges(): boolean;
  /**
   * socket, bind, listen: returns a descriptor, close-on-exec. An empty address listens on all, IPv6 and IPv4; `localhost` is 127.0.0.1.
   * Throws Error with `code` ('EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', ...).
   */
  listen(address: string, port: number, backlog: number): { readonly fd: number; readonly port: number };
  /**
   * Takes a listening TCP socket that another process opened: it becomes close-on-exec. Throws Error with `code` EINVAL when the descriptor
   * is something else, ENOTSOCK when it is no socket, EBADF when it is not open.
   */
  adoptListener(fd: number): { readonly address: string; readonly port: number };
  /**
   * Lets no further connection begin on a listening socket, for good and for all who hold it; those that have begun can be accepted.
   * A client that tries is refused; with Linux before 5.7 when the socket is closed, since its system asks again.
   */
  refuseNewConnections(fd: number): void;
  /** Connections that wait to be accepted. */
  waitingConnections(fd: number): number;
  /**
   * One write of the whole buffer that never blocks, whatever the descriptor is and whoever shares it. Returns the bytes written, 0 when
   * there is no room now; throws Error with `code` ('EPIPE', 'ENOSPC', ...).
   */
  writeNow(fd: number, data: Buffer): number;
  /**
   * One datagram of sd_notify(3) to a Unix socket, a path or `@` and an abstract name, without waiting: false when there is no room now.
   * Throws Error with `code` ('ENOENT', 'ECONNREFUSED', ...).
   */
  sendNotice(socket: string, text: string): boolean;
}
