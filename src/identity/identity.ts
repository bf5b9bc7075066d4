/** The port to the user and group database: who a name is, as the system knows it now. */

/** A Unix account as Kubernetes is to see it, before policies and prefixes. */
export interface Identity {
  /** `pw_name`. */
  readonly username: string;
  /** `pw_uid`, in decimal. */
  readonly uid: string;
  /** Names of all groups, primary group included. */
  readonly groups: readonly string[];
  /** Present when a part of the database could not be asked: the account may be in more groups than these. */
  readonly incomplete?: true;
}

export interface IdentitySource {
  /**
   * The identity of an account; undefined when the database says that there is no such account.
   * Throws UnavailableError with ERR_NSS_FAILED or ERR_NSS_TIMEOUT when the database could not be asked: that is never a "no".
   */
  find(username: string): Promise<Identity | undefined>;
}
