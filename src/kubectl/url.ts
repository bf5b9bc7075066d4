/** URLs of others. */

/** undefined: it is none. Not by URL.canParse(), which in Node 20 also says yes to some that are none. */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
