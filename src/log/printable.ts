/** Any value as something that can stand in one line of a log: bounded, without secrets, never failing; used by every process. */
import { Secret } from '../secret.js';

/** What a line can hold. */
export type LineValue = string | number | boolean | null | readonly string[];

const DEEPEST = 3;
const WIDEST = 64;
const LONGEST_CHAIN = 5;

/** Bytes print as their number: they may be a password. Values that throw when looked at print as `[unprintable]`. */
export function lineValueOf(value: unknown): LineValue {
  try {
    if (isSimple(value)) return value;
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    const plain = plainOf(value, 0);
    return typeof plain === 'string' ? plain : JSON.stringify(plain);
  } catch {
    return '[unprintable]';
  }
}

/** As JSON has it; NaN and infinities it has not. */
function isSimple(value: unknown): value is string | number | boolean | null {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

function plainOf(value: unknown, depth: number): unknown {
  if (value instanceof Secret) return value.toString();
  if (value instanceof Error) return errorText(value);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (isSimple(value)) return value;
  if (typeof value !== 'object' || value === null) return String(value);
  if (depth >= DEEPEST) return '[...]';
  if (Array.isArray(value)) return value.slice(0, WIDEST).map((item) => plainOf(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, WIDEST)
      .map(([key, item]) => [key, plainOf(item, depth + 1)]),
  );
}

/** Message and code of the error and of its causes, without stacks. */
function errorText(error: Error): string {
  const chain: string[] = [];
  let link: unknown = error;
  while (link instanceof Error && chain.length < LONGEST_CHAIN) {
    const code = 'code' in link && typeof link.code === 'string' ? ` (${link.code})` : '';
    chain.push(`${link.message}${code}`);
    link = link.cause;
  }
  return chain.join('; cause: ');
}
