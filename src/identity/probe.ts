/** Whether the user database answers at all: one account is looked up, however many ask; used in the front, for /readyz. */
import { type SetTimer, within } from './timeout.js';

export interface ProbeSettings {
  /** Looks one account up; true when it was found. */
  readonly ask: () => Promise<boolean>;
  /** Milliseconds after which the database counts as silent. */
  readonly timeout: number;
  /** Milliseconds that an answer serves without asking again. */
  readonly keepFor: number;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
  readonly setTimer?: SetTimer;
}

/** The returned function never rejects. One lookup is under way at a time: while it hangs, the answer is no, and at once. */
export function createProbe({ ask, timeout, keepFor, now, setTimer }: ProbeSettings): () => Promise<boolean> {
  let known: { readonly answers: boolean; readonly at: number } | undefined;
  let asking: Promise<boolean> | undefined;

  async function answer(): Promise<boolean> {
    const answers = await ask().catch(() => false);
    known = { answers, at: now() };
    asking = undefined;
    return answers;
  }

  return () => {
    if (known !== undefined && now() - known.at < keepFor) return Promise.resolve(known.answers);
    asking ??= within(timeout, answer, setTimer).catch(() => false);
    return asking;
  };
}
