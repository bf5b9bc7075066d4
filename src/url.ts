/** URLs that others wrote; for every process, and the client commands. */

/** undefined: it is none. Not by URL.canParse(): in Node 20 its optimised form says yes to some that are none. */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
