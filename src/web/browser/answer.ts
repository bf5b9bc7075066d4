/** Asks for a token, and reads what `POST /login` answers; runs in the browser. */
import { type ErrorBody, type Problem, problemOf } from './problems.js';

export interface Prompt {
  readonly text: string;
  readonly echo: boolean;
}

export interface Issued {
  readonly kind: 'issued';
  readonly token: string;
  readonly username: string;
  readonly messages: readonly string[];
  /** Milliseconds since the epoch, by this browser's clock. */
  readonly endsAt: number;
  /** Milliseconds, when it was issued. */
  readonly lifetime: number;
  readonly kubeconfigs: Kubeconfigs | undefined;
}

/** The text of each. */
export interface Kubeconfigs {
  readonly token: string;
  /** Where it is known how the plugin finds pamhook. */
  readonly exec?: string;
}

export interface Prompted {
  readonly kind: 'prompted';
  readonly prompts: readonly Prompt[];
}

export type Answer = Issued | Prompted | Exclude<Problem, { kind: 'prompted' }>;

interface Body extends ErrorBody {
  readonly token?: string;
  readonly username?: string;
  readonly expirationTimestamp?: string;
  readonly messages?: readonly string[];
  readonly kubeconfigs?: Kubeconfigs;
  readonly prompts?: readonly Prompt[];
}

/** Milliseconds: longer than a login may wait for its turn and for PAM. */
const TIME_OUT = 60_000;

export async function signIn(form: HTMLFormElement, left: AbortSignal): Promise<Answer> {
  const fields = new URLSearchParams();
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), TIME_OUT);
  left.addEventListener('abort', () => giveUp.abort());
  for (const [name, value] of new FormData(form)) if (typeof value === 'string') fields.append(name, value);
  try {
    const response = await fetch(form.action, {
      method: 'POST',
      headers: { Accept: 'application/json' },
      body: fields,
      cache: 'no-store',
      redirect: 'error',
      signal: giveUp.signal,
    });
    return read(response, await bodyOf(response));
  } catch {
    return { kind: 'unreachable' };
  } finally {
    clearTimeout(timer);
  }
}

/** A proxy may answer in pamhook's place, and not in JSON. */
async function bodyOf(response: Response): Promise<Body> {
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}

function read(response: Response, body: Body): Answer {
  if (response.ok && body.token !== undefined) return issued(response, { ...body, token: body.token });
  const problem = problemOf(response.status, body, Number(response.headers.get('Retry-After')) || 1);
  return problem.kind === 'prompted' ? { kind: 'prompted', prompts: body.prompts ?? [] } : problem;
}

/** The clocks may differ: what counts is how long after the answer the token ends. */
function issued(response: Response, body: Body & { readonly token: string }): Issued {
  const now = Date.now();
  const sent = Date.parse(response.headers.get('Date') ?? '') || now;
  const lifetime = Date.parse(body.expirationTimestamp ?? '') - sent;
  return {
    kind: 'issued',
    token: body.token,
    username: body.username ?? '',
    messages: body.messages ?? [],
    endsAt: now + lifetime,
    lifetime,
    kubeconfigs: body.kubeconfigs,
  };
}
