/** The use case "issue a token" as its caller sees it, on either side of the privilege boundary. */
import type { AccountReason } from '../pam/pam.js';
import type { Secret } from '../secret.js';

/** What a client asks for: one login. */
export interface LoginRequest {
  /** Made by the front, returned to the client as X-Request-Id, written to the audit log. */
  readonly requestId: string;
  readonly username: string;
  /** The password, then one response for each further prompt. */
  readonly responses: readonly Secret[];
  /** Numeric address of the client (IPv4-mapped IPv6 as IPv4). */
  readonly source: string;
  /** Lifetime wanted, in seconds; undefined: the configured one. */
  readonly lifetime: number | undefined;
  /** Some of the configured audiences, at least one; undefined: all of them. */
  readonly audience: readonly string[] | undefined;
}

export interface Prompt {
  readonly text: string;
  readonly echo: boolean;
}

/** `elapsed`: milliseconds since the PAM transaction began, for the refusal's fixed time. */
export type LoginResult =
  | {
      readonly outcome: 'issued';
      readonly token: string;
      /** Seconds since the epoch. */
      readonly expiresAt: number;
      readonly username: string;
      readonly messages: readonly string[];
    }
  | {
      readonly outcome: 'refused';
      /** Only after the right password. */
      readonly reason?: AccountReason;
      readonly messages: readonly string[];
      readonly elapsed: number;
    }
  | { readonly outcome: 'prompted'; readonly prompts: readonly Prompt[] }
  /** Too many failures before it: PAM was not asked. `retryAfter`: milliseconds. */
  | { readonly outcome: 'throttled'; readonly retryAfter: number };

/** Rejects with UnavailableError when the question could not be answered; `signal` aborts when the client goes away. */
export type Login = (request: LoginRequest, signal: AbortSignal) => Promise<LoginResult>;
