/** One login at pamhook's `/token`, and what its answers mean. */

import type { Secret } from '../../secret.js';
import { isToken } from '../cache/entry.js';
import { LoginFailure } from '../failure.js';
import { isObject, type JsonObject } from '../json.js';
import { printable } from '../printable.js';
import type { ClientSettings } from '../settings.js';
import { type HttpAnswer, post } from './transport.js';

/** pamhook sends no more. */
const MOST_PROMPTS = 32;
const MOST_MESSAGES = 64;
/** Seconds, where the server does not say. */
const RETRY_AFTER = 30;

export interface Prompt {
  readonly text: string;
  readonly echo: boolean;
}

export type Outcome =
  | {
      readonly outcome: 'issued';
      readonly token: string;
      /** RFC 3339. */
      readonly expirationTimestamp: string;
      readonly username: string;
      /** What PAM's modules said. */
      readonly messages: readonly string[];
      /** Milliseconds since the epoch by the server's clock. */
      readonly serverTime: number | undefined;
    }
  /** `reason`: after the right password. `help`: what the operator has to say about it. */
  | { readonly outcome: 'refused'; readonly reason: string | undefined; readonly help: string | undefined }
  | { readonly outcome: 'prompted'; readonly prompts: readonly Prompt[] }
  /** `retryAfter`: seconds. */
  | { readonly outcome: 'throttled'; readonly retryAfter: number }
  | { readonly outcome: 'unavailable' };

/** `responses`: the password, then one for each further prompt. Throws LoginFailure. */
export async function askForToken(settings: ClientSettings, responses: readonly Secret[]): Promise<Outcome> {
  const { lifetime, audience } = settings;
  const form = new URLSearchParams();
  for (const each of audience) form.append('audience', each);
  if (lifetime !== undefined) form.set('lifetime', lifetime);
  const answer = await post(new URL('token', settings.server), settings, {
    headers: { ...credentials(settings.username, responses), accept: 'application/json' },
    contentType: 'application/x-www-form-urlencoded',
    body: form.toString(),
  });
  return outcomeOf(answer, settings);
}

function credentials(username: string, [password, ...further]: readonly Secret[]): Record<string, string | string[]> {
  const plain = Buffer.concat([Buffer.from(`${username}:`), password?.bytes() ?? Buffer.alloc(0)]);
  const authorization = `Basic ${plain.toString('base64')}`;
  plain.fill(0);
  if (further.length === 0) return { authorization };
  return { authorization, 'x-pamhook-response': further.map((response) => response.bytes().toString('base64')) };
}

/** Throws LoginFailure where it cannot be pamhook's. */
export function outcomeOf(answer: HttpAnswer, settings: Pick<ClientSettings, 'server'>): Outcome {
  const body = objectIn(answer.body);
  if (body === undefined) throw noPamhook(answer, settings);
  switch (answer.status) {
    case 200:
      return issued(answer, body, settings);
    case 401:
      return refused(answer, body, settings);
    case 429:
      return { outcome: 'throttled', retryAfter: retryAfterOf(answer) };
    case 503:
      return { outcome: 'unavailable' };
    case 400:
      throw new LoginFailure(`pamhook refuses what was asked for: ${errorIn(body)}`, 'see --lifetime and --audience');
    case 500:
      throw new LoginFailure(
        `pamhook has failed (${errorIn(body)})`,
        `tell whoever runs it${requestIdOf(answer)}; its log has more`,
      );
    default:
      throw noPamhook(answer, settings);
  }
}

function issued(answer: HttpAnswer, body: JsonObject, settings: Pick<ClientSettings, 'server'>): Outcome {
  const { token, expirationTimestamp, username, messages } = body;
  const isWhole =
    typeof token === 'string' && isToken(token) && isTime(expirationTimestamp) && typeof username === 'string';
  if (!isWhole) throw noPamhook(answer, settings);
  const date = Date.parse(answer.headers.date ?? '');
  return {
    outcome: 'issued',
    token,
    expirationTimestamp,
    username,
    messages: textsIn(messages, MOST_MESSAGES),
    serverTime: Number.isNaN(date) ? undefined : date,
  };
}

function refused(
  answer: HttpAnswer,
  { error, reason, help, prompts }: JsonObject,
  settings: Pick<ClientSettings, 'server'>,
): Outcome {
  if (Array.isArray(prompts)) {
    const asked = prompts.slice(0, MOST_PROMPTS).flatMap((prompt) => promptOf(prompt));
    if (asked.length > 0) return { outcome: 'prompted', prompts: asked };
  }
  if (typeof error !== 'string') throw noPamhook(answer, settings);
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? printable(value) : undefined);
  return { outcome: 'refused', reason: text(reason), help: text(help) };
}

function promptOf(prompt: unknown): readonly Prompt[] {
  if (!isObject(prompt) || typeof prompt['text'] !== 'string') return [];
  return [{ text: prompt['text'], echo: prompt['echo'] === true }];
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && /^[\d:TZ.+-]{1,40}$/.test(value) && !Number.isNaN(Date.parse(value));
}

function textsIn(value: unknown, most: number): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string').slice(0, most) : [];
}

/** Digits alone: pamhook sends no date. */
function retryAfterOf({ headers }: HttpAnswer): number {
  const text = headers['retry-after'] ?? '';
  return /^\d{1,9}$/.test(text) ? Math.max(1, Number(text)) : RETRY_AFTER;
}

function errorIn({ error }: JsonObject): string {
  return typeof error === 'string' ? printable(error) : 'without a reason';
}

function requestIdOf({ headers }: HttpAnswer): string {
  const id = headers['x-request-id'];
  return typeof id === 'string' ? `, naming the request ${printable(id)}` : '';
}

function objectIn(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function noPamhook({ status }: HttpAnswer, { server }: Pick<ClientSettings, 'server'>): LoginFailure {
  return new LoginFailure(
    `what answers at ${server.href} is no pamhook (status ${status})`,
    'see whether host, port and path of --server are right, and whether a proxy stands before it',
  );
}
