/** Basic credentials (RFC 7617), parsed where they enter the front. */
import { Secret } from '../secret.js';
import { decodeBase64Text } from './base64.js';

export interface BasicCredentials {
  readonly username: string;
  readonly password: Secret;
}

const SCHEME = /^basic +(?<token>\S+)$/i;
const COLON = 0x3a;

/**
 * The credentials in the values of all Authorization headers; undefined when there is none, more than one, or one that cannot be read.
 * Only the form is judged: a NUL, an empty password or too great a length stays, for the login to refuse like any wrong password.
 */
export function parseBasicCredentials(authorization: readonly string[]): BasicCredentials | undefined {
  const [value, ...others] = authorization;
  const token = others.length === 0 ? SCHEME.exec(value ?? '')?.groups?.['token'] : undefined;
  const bytes = token === undefined ? undefined : decodeBase64Text(token);
  const colon = bytes?.indexOf(COLON) ?? -1;
  if (bytes === undefined || colon < 0) return undefined;
  return { username: bytes.toString('utf8', 0, colon), password: new Secret(bytes.subarray(colon + 1)) };
}
