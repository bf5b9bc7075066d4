/** What a client may choose of its token, in the query or in the body: lifetime and audiences; parsed by the front. */
import { parseLifetime, parseMinutes } from './requested-lifetime.js';

/** What may be chosen. */
export interface TokenChoices {
  /** Seconds, of a token for which none is asked. */
  readonly defaultLifetime: number;
  /** Seconds, the longest that may be asked for. */
  readonly maxLifetime: number;
  /** The configured ones. */
  readonly audience: readonly string[];
}

/** `lifetime`: seconds; `audience`: at least one, in the configured order. undefined: as configured. */
export interface TokenChoice {
  readonly lifetime: number | undefined;
  readonly audience: readonly string[] | undefined;
}

/** What is not as it must be, in words for the client. */
export interface ChoiceFault {
  readonly fault: string;
}

const LIFETIMES = ['token-expires-in', 'lifetime'] as const;
export const PARAMETERS = [...LIFETIMES, 'audience'] as const;

/** Empty values count as absent, other parameters are not looked at. */
export function chooseToken(
  choices: TokenChoices,
  query: URLSearchParams,
  body: URLSearchParams = new URLSearchParams(),
): TokenChoice | ChoiceFault {
  const doubled = PARAMETERS.find((name) => query.has(name) && body.has(name));
  if (doubled !== undefined) return { fault: `${doubled} is given in the query and in the body` };
  const given = new URLSearchParams([...query, ...body]);
  const lifetime = chooseLifetime(given, choices.maxLifetime);
  if (lifetime !== undefined && 'fault' in lifetime) return lifetime;
  const audience = chooseAudience(given.getAll('audience'), choices.audience);
  return 'fault' in audience ? audience : { lifetime: lifetime?.seconds, ...audience };
}

function chooseLifetime(given: URLSearchParams, longest: number): { seconds: number } | ChoiceFault | undefined {
  const repeated = LIFETIMES.find((name) => given.getAll(name).length > 1);
  if (repeated !== undefined) return { fault: `${repeated} is given more than once` };
  const [minutes, lifetime] = LIFETIMES.map((name) => given.get(name) || undefined);
  if (minutes !== undefined && lifetime !== undefined)
    return { fault: `${LIFETIMES.join(' and ')} exclude each other` };
  if (minutes !== undefined) return parseMinutes(minutes, longest);
  return lifetime === undefined ? undefined : parseLifetime(lifetime, longest);
}

function chooseAudience(
  given: readonly string[],
  configured: readonly string[],
): Pick<TokenChoice, 'audience'> | ChoiceFault {
  const wanted = new Set(given.filter((value) => value !== ''));
  if (wanted.size === 0) return { audience: undefined };
  const unknown = [...wanted].find((value) => !configured.includes(value));
  if (unknown !== undefined) return { fault: `'${unknown}' is not one of the configured audiences` };
  return { audience: configured.filter((value) => wanted.has(value)) };
}
