/** What every kind of load is: it runs in a process of its own, counts into a tally, and ends when it is told to. */
import type { Target } from '../client.js';
import type { Tally } from '../tally.js';

export interface Person {
  readonly user: string;
  readonly password: string;
}

export interface LoadContext {
  readonly target: Target;
  readonly tally: Tally;
  /** The phase of the soak at this moment. */
  readonly phase: () => string;
  /** Aborts when the load is to end. */
  readonly stop: AbortSignal;
}

/** Resolves, at the latest soon after `stop`, to what it has measured. */
export type Load<Plan, Result = undefined> = (plan: Plan, context: LoadContext) => Promise<Result>;

/** Milliseconds, or until the load is to end. */
export function pause(milliseconds: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    stop.addEventListener('abort', done);
    if (stop.aborted) done();
  });
}

/** `count` clients at once, each doing one thing after the other until the load is to end. */
export async function clients(
  count: number,
  stop: AbortSignal,
  turn: (client: number) => Promise<void>,
): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, client) => {
      while (!stop.aborted) await turn(client);
    }),
  );
}
