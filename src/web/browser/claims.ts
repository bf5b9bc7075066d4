/** What stands in a token, for people to read; nothing is verified here. Runs in the browser, and in the front for pages without script. */

/** One line of a table. */
export interface ClaimRow {
  readonly label: string;
  readonly text: string;
}

type Claims = Readonly<Record<string, unknown>>;

const LABELS: readonly (readonly [claim: string, label: string])[] = [
  ['username', 'User'],
  ['uid', 'Unix uid'],
  ['groups', 'Groups'],
  ['iss', 'Issuer'],
  ['aud', 'Audience'],
  ['iat', 'Issued'],
  ['exp', 'Ends'],
  ['jti', 'Token id'],
];
const TIMES = new Set(['iat', 'exp']);

/** Empty where this is no JWT. `time`: shows seconds since the epoch. */
export function claimRows(token: string, time: (seconds: number) => string): readonly ClaimRow[] {
  const claims = readClaims(token);
  return LABELS.flatMap(([claim, label]) => {
    const value = claims[claim];
    if (value === undefined) return [];
    return [{ label, text: typeof value === 'number' && TIMES.has(claim) ? time(value) : textOf(value) }];
  });
}

function readClaims(token: string): Claims {
  try {
    const payload = token.split('.')[1] ?? '';
    const binary = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const claims: unknown = JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (byte) => byte.charCodeAt(0))));
    return typeof claims === 'object' && claims !== null ? (claims as Claims) : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.map(textOf).join(', ') : String(value);
}
