/** One person who logs in with the right password, about once a second, from an address of her own: whom no attack may disturb. */
import { ask, kindOf } from '../client.js';
import { type Load, type Person, pause } from './load.js';

export interface InnocentPlan {
  readonly person: Person;
}

export interface InnocentLogin {
  readonly phase: string;
  /** Milliseconds, with TCP and TLS. */
  readonly took: number;
  readonly requestId: string;
}

const INTERVAL = 1_000;

/** The logins that were given a token. */
export const innocent: Load<InnocentPlan, readonly InnocentLogin[]> = async (
  { person: { user, password } },
  { target, tally, phase, stop },
) => {
  const logins: InnocentLogin[] = [];
  while (!stop.aborted) {
    const began = performance.now();
    const label = phase();
    const answer = await ask(target, '/token', { source: '127.0.0.2', credentials: `${user}:${password}` });
    const took = performance.now() - began;
    // A right password is never too much, and never wrong.
    const kind = kindOf(answer, ({ status }) => status === 200);
    tally.add(label, kind === 'throttled' ? 'wrong' : kind, `innocent login: ${JSON.stringify(answer)}`);
    if (typeof answer !== 'string' && kind === 'expected') {
      logins.push({ phase: label, took, requestId: String(answer.headers['x-request-id']) });
    }
    await pause(Math.max(0, INTERVAL - took), stop);
  }
  return logins;
};
