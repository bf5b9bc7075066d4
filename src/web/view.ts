/** What the page is told to show. */
import type { Problem } from './browser/problems.js';

/** What may be chosen, whoever signs in. */
export interface Offer {
  /** Seconds: the lifetime of who chooses none. */
  readonly defaultLifetime: number;
  /** Seconds: the longest. */
  readonly maxLifetime: number;
  /** The configured ones. */
  readonly audience: readonly string[];
  /** Whether there is a kubeconfig to download. */
  readonly kubeconfig: boolean;
}

export interface Prompt {
  readonly text: string;
  readonly echo: boolean;
}

/** What was typed before, but for the secrets. */
export interface Typed {
  readonly username: string;
  /** Seconds. */
  readonly lifetime?: number;
  readonly audience?: readonly string[];
}

export interface SignInView {
  readonly offer: Offer;
  /** Whom a proxy has let in already: there is no password to ask for. */
  readonly vouched?: string;
  readonly problem?: Problem;
  readonly typed?: Typed;
  /** What is to be answered beside the password, in order. */
  readonly prompts?: readonly Prompt[];
}

export interface IssuedView {
  /** As the browser reached it: `https://pamhook.example.org:6443`. */
  readonly origin: string;
  readonly token: string;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly username: string;
  /** What PAM's modules said. */
  readonly messages: readonly string[];
}
