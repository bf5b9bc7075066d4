/** JSON in which no object has a member twice (RFC 7519 section 4): what one reader takes from it, every reader does. */

/** The object a text holds; undefined when it is no JSON, no object, or one with a member twice at any depth. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  const value = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return repeatsMember(text) ? undefined : (value as Record<string, unknown>);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Walks the braces and strings of a text known to be JSON; a string before a colon is a member's name. */
function repeatsMember(json: string): boolean {
  const open: Set<string>[] = [];
  for (const [token, quoted, colon] of json.matchAll(/[{}]|("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (quoted !== undefined && colon !== undefined && !addNew(open.at(-1), quoted)) return true;
  }
  return false;
}

/** The name is decoded first: `"\u0061lg"` is `"alg"`. */
function addNew(names: Set<string> | undefined, quoted: string): boolean {
  const name: string = quoted.includes('\\') ? JSON.parse(quoted) : quoted.slice(1, -1);
  if (names === undefined || names.has(name)) return false;
  names.add(name);
  return true;
}
