/** Counts down to the end of a token; runs in the browser. */
import { make } from './elements.js';
import { shortSpan } from './spans.js';

/** Milliseconds. */
export const SECOND = 1_000;

export interface Ending {
  /** Milliseconds since the epoch, by this browser's clock. */
  readonly endsAt: number;
  /** Milliseconds, when it was issued. */
  readonly lifetime: number;
}

/** What it returns stops it. */
export function countDown(timer: HTMLElement, { endsAt, lifetime }: Ending, onEnd: () => void): () => void {
  const words = make('span');
  const bar = make('progress', { max: String(lifetime), 'aria-hidden': 'true' });
  timer.replaceChildren(words, bar);

  function show(): void {
    const left = Math.max(0, endsAt - Date.now());
    words.textContent = `ends in ${shortSpan(Math.ceil(left / SECOND))}`;
    bar.value = left;
    if (left > 0) return;
    stop();
    onEnd();
  }

  const ticking = setInterval(show, SECOND);
  const stop = () => clearInterval(ticking);
  show();
  return stop;
}
