/** Right passwords, so many in all: each must give a token of that person, which some are asked of at once. */
import { ask, kindOf, reviewOf, saysYes, sourceOf, type Target } from '../client.js';
import type { Tally } from '../tally.js';
import { clients, type Load, type Person } from './load.js';

export interface LoginsPlan {
  readonly clients: number;
  readonly count: number;
  readonly net: number;
  readonly people: readonly Person[];
}

/** One token in so many is reviewed. */
const REVIEWED = 20;

export const logins: Load<LoginsPlan> = async ({ clients: count, count: wanted, net, people }, context) => {
  const { target, tally, phase, stop } = context;
  let begun = 0;
  const enough = new AbortController();
  const end = AbortSignal.any([stop, enough.signal]);
  await clients(count, end, async () => {
    const index = begun++;
    if (index >= wanted) {
      enough.abort();
      return;
    }
    const { user, password } = people[index % people.length] ?? { user: '', password: '' };
    const label = phase();
    const source = sourceOf(net, index % 1_000);
    const answer = await ask(target, '/token', { source, credentials: `${user}:${password}` });
    const kind = kindOf(answer, ({ status, body }) => status === 200 && /^[\w-]+\.[\w-]+\.[\w-]+\n$/.test(body));
    tally.add(label, kind === 'throttled' ? 'wrong' : kind, `right password of ${user}: ${JSON.stringify(answer)}`);
    if (kind === 'expected' && typeof answer !== 'string' && index % REVIEWED === 0) {
      await review(answer.body.trim(), user, { target, tally, label, source });
    }
  });
};

interface Place {
  readonly target: Target;
  readonly tally: Tally;
  readonly label: string;
  readonly source: string;
}

async function review(token: string, user: string, { target, tally, label, source }: Place): Promise<void> {
  const answer = await ask(target, '/authenticate', { source, body: reviewOf(token) });
  tally.add(
    label,
    kindOf(answer, (reviewed) => saysYes(reviewed, user)),
    `review of a fresh token of ${user}: ${JSON.stringify(answer)}`,
  );
}
