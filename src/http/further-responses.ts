/** The responses to PAM's further prompts (a one-time code), one `X-Pamhook-Response` header each; parsed by the front. */
import { Secret } from '../secret.js';
import { decodeBase64Text } from './base64.js';

export const RESPONSE_HEADER = 'x-pamhook-response';

/** The responses in order; undefined when there are more than `limit`, or one is not base64 of UTF-8. */
export function parseFurtherResponses(values: readonly string[], limit: number): readonly Secret[] | undefined {
  if (values.length > limit) return undefined;
  const responses: Secret[] = [];
  for (const value of values) {
    const bytes = decodeBase64Text(value);
    if (bytes === undefined) return undefined;
    responses.push(new Secret(bytes));
  }
  return responses;
}
