/** What several tests of a file have in common, a daemon above all: made when the first of them asks for it, gone when the file's tests have ended. */
import { after } from 'node:test';
import type { Ending } from './scratch.js';

/** Called while the file is loaded, and not in a test, whose end would be taken for the file's. What was made last ends first. */
export function inCommon<T>(make: (t: Ending) => Promise<T>): () => Promise<T> {
  const endings: (() => unknown)[] = [];
  after(async () => {
    for (const ending of endings.reverse()) await ending();
  });
  let made: Promise<T> | undefined;
  return () => {
    made ??= make({ after: (ending) => void endings.push(ending) });
    return made;
  };
}
