/** Header fields as they came, one by one; runs in the front. Node drops or joins repeated ones, which hides them. */
import type { IncomingMessage } from 'node:http';

/** All values of a header, in order; `name` in lower case. */
export function headerValues(request: IncomingMessage, name: string): readonly string[] {
  const { rawHeaders } = request;
  const values: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const field = rawHeaders[index] ?? '';
    if (field.length === name.length && field.toLowerCase() === name) values.push(rawHeaders[index + 1] ?? '');
  }
  return values;
}
