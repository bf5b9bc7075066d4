/** The port to PAM: "is this the password, and may the account log in?" with three kinds of answer; and the second half of it alone. */
import type { Secret } from '../secret.js';

/** A refusal after the right password may say why; before it, nothing may (design: the same answer for all). */
export type AccountReason = 'account expired' | 'password expired' | 'access denied';

export interface PamQuestion {
  readonly username: string;
  /** One response a prompt, the password first. */
  readonly responses: readonly Secret[];
  /** Numeric address of the client: PAM_RHOST. */
  readonly remoteHost: string;
}

/** What libpam said, for the audit log; never shown to a client. */
export interface PamDetail {
  /** `PAM_AUTH_ERR`, ...; or `NOT_ASKED` when the input was refused before libpam. */
  readonly code: string;
  readonly stage: string;
  /** The delay libpam wished for, milliseconds. */
  readonly failDelay: number;
}

export type PamAnswer =
  | {
      readonly outcome: 'accepted';
      /** The canonical user: PAM_USER at the end. */
      readonly username: string;
      /** Texts of modules, such as "password expires in 3 days". */
      readonly messages: readonly string[];
      readonly detail: PamDetail;
    }
  | {
      readonly outcome: 'refused';
      /** Present only when authentication itself had passed. */
      readonly reason?: AccountReason;
      /** Empty unless `reason` is present. */
      readonly messages: readonly string[];
      readonly detail: PamDetail;
    }
  | {
      readonly outcome: 'prompted';
      /** The prompts that had no response. */
      readonly prompts: readonly { readonly text: string; readonly echo: boolean }[];
      readonly detail: PamDetail;
    };

/** What the account phase alone says of an account. */
export type AccountAnswer =
  | { readonly outcome: 'allowed' }
  | { readonly outcome: 'refused'; readonly reason: AccountReason; readonly detail: PamDetail };

export interface Pam {
  /**
   * One PAM transaction, blocking: authenticate and account phase on one handle.
   * Throws UnavailableError with ERR_PAM_UNAVAILABLE (detail in `cause`) when PAM could not tell: that is never a refusal.
   */
  ask(question: PamQuestion): PamAnswer;
  /**
   * The account phase alone, blocking, on a handle of its own: no password, no client (PAM_RHOST is not set), nobody to answer a prompt.
   * pam_faillock takes it for a login that succeeded, and forgets the failures it has counted. Throws like `ask`.
   */
  checkAccount(username: string): AccountAnswer;
}
