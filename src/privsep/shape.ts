/** Shapes: small parsers that turn an unknown value from another process into a type, or throw. Used by all processes. */
import { PamhookError } from '../errors.js';
import { numericAddress } from '../http/source-address.js';
import { Secret } from '../secret.js';

/** Parses a value, or throws a PamhookError with ERR_PROTOCOL that names `at`, never the value. */
export type Shape<T> = (value: unknown, at: string) => T;

/** The type a shape yields. */
export type Of<S> = S extends Shape<infer T> ? T : never;

function broken(at: string, wanted: string): never {
  throw new PamhookError('ERR_PROTOCOL', `${at} is not ${wanted}`);
}

/** A string of at most `max` UTF-16 units. */
export function text(max: number): Shape<string> {
  return (value, at) =>
    typeof value === 'string' && value.length <= max ? value : broken(at, `text of at most ${max}`);
}

/** Exactly one of the given strings. */
export function oneOf<const T extends string>(...words: readonly T[]): Shape<T> {
  return (value, at) => words.find((word) => word === value) ?? broken(at, 'one of the known words');
}

/** A numeric IPv4 or IPv6 address, without a zone, brought to the one spelling that PAM and the limits know; or one of the given words. */
export function address(...words: readonly string[]): Shape<string> {
  return (value, at) => {
    const known =
      typeof value === 'string' ? (numericAddress(value) ?? words.find((word) => word === value)) : undefined;
    return known ?? broken(at, 'an address');
  };
}

/** A whole number from `min` to `max`. */
export function whole(min: number, max: number): Shape<number> {
  return (value, at) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? value
      : broken(at, `a whole number from ${min} to ${max}`);
}

/** A finite number from `min` to `max`. */
export function real(min: number, max: number): Shape<number> {
  return (value, at) =>
    typeof value === 'number' && value >= min && value <= max ? value : broken(at, `a number from ${min} to ${max}`);
}

export const flag: Shape<boolean> = (value, at) => (typeof value === 'boolean' ? value : broken(at, 'true or false'));

export function listOf<T>(item: Shape<T>, max: number): Shape<readonly T[]> {
  return (value, at) =>
    Array.isArray(value) && value.length <= max
      ? value.map((entry, index) => item(entry, `${at}[${index}]`))
      : broken(at, `a list of at most ${max}`);
}

/** As many as `length`, no more and no fewer. */
export function rowOf<T>(item: Shape<T>, length: number): Shape<readonly T[]> {
  const list = listOf(item, length);
  return (value, at) => {
    const items = list(value, at);
    return items.length === length ? items : broken(at, `a list of ${length}`);
  };
}

/** The value, or null. */
export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return (value, at) => (value === null ? null : shape(value, at));
}

/** The value, or undefined when it is absent. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, at) => (value === undefined ? undefined : shape(value, at));
}

/** Secret bytes, base64 on the wire: `max` counts the decoded bytes. */
export function secret(max: number): Shape<Secret> {
  return (value, at) => {
    if (typeof value !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) broken(at, 'base64');
    const bytes = Buffer.from(value, 'base64');
    return bytes.length <= max ? new Secret(bytes) : broken(at, `at most ${max} bytes`);
  };
}

type Fields = Readonly<Record<string, Shape<unknown>>>;
type Optional<F extends Fields> = { [K in keyof F]: undefined extends Of<F[K]> ? K : never }[keyof F];
type Shaped<F extends Fields> = { readonly [K in Exclude<keyof F, Optional<F>>]: Of<F[K]> } & {
  readonly [K in Optional<F>]?: Exclude<Of<F[K]>, undefined>;
};

/** An object with these members and no other. */
export function object<const F extends Fields>(fields: F): Shape<Shaped<F>> {
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) broken(at, 'an object');
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(fields, key)) broken(at, 'an object of the known members');
    }
    const parsed: Record<string, unknown> = {};
    for (const [key, shape] of Object.entries(fields)) {
      const member = shape((value as Record<string, unknown>)[key], `${at}.${key}`);
      if (member !== undefined) parsed[key] = member;
    }
    return parsed as Shaped<F>;
  };
}

/** One of several objects, told apart by the member `tag`. */
export function union<const S extends Readonly<Record<string, Shape<unknown>>>>(
  tag: string,
  shapes: S,
): Shape<{ [K in keyof S]: Of<S[K]> }[keyof S]> {
  return (value, at) => {
    const kind = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[tag] : undefined;
    const shape = typeof kind === 'string' && Object.hasOwn(shapes, kind) ? shapes[kind] : undefined;
    if (shape === undefined) broken(at, `of a known ${tag}`);
    return shape(value, at) as { [K in keyof S]: Of<S[K]> }[keyof S];
  };
}
