/** The use case "issue a token to whom a proxy vouches for" as its caller sees it, on either side of the privilege boundary. */

/** Whom a proxy has let in. */
export interface VouchedUser {
  readonly username: string;
  /** Empty where no header says them. */
  readonly groups: readonly string[];
}

/** What the proxy asks for in that user's name: no password, for it has seen to that. */
export interface VouchRequest extends VouchedUser {
  /** Made by the front, returned to the client as X-Request-Id, written to the audit log. */
  readonly requestId: string;
  /** Numeric address of the client, as the front knows it. */
  readonly source: string;
  /** Lifetime wanted, in seconds; undefined: the configured one. */
  readonly lifetime: number | undefined;
  /** Some of the configured audiences, at least one; undefined: all of them. */
  readonly audience: readonly string[] | undefined;
}

export type VouchResult =
  | {
      readonly outcome: 'issued';
      readonly token: string;
      /** Seconds since the epoch. */
      readonly expiresAt: number;
      readonly username: string;
    }
  /** By a rule of this daemon; the audit log has which. */
  | { readonly outcome: 'refused' };

/** Rejects with UnavailableError when the question could not be answered; `signal` aborts when the client goes away. */
export type Vouch = (request: VouchRequest, signal: AbortSignal) => Promise<VouchResult>;
