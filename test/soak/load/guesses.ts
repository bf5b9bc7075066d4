/** Clients that send wrong passwords, each at once again when it was answered, for accounts that there are and that there are not. */
import { Agent } from 'node:https';
import { ask, kindOf, sourceOf } from '../client.js';
import { clients, type Load, type Person, pause } from './load.js';

export interface GuessesPlan {
  readonly clients: number;
  /** 127.`net`.0.0/16 is where they come from; each load of a soak has a net of its own. */
  readonly net: number;
  /** Attempts from one address before a client goes on from a fresh one; the other half stay where they are, and at one name. */
  readonly moveAfter: number;
  readonly people: readonly Person[];
}

/** Milliseconds until all clients are there. */
const ARRIVAL = 3_000;

export const guesses: Load<GuessesPlan> = async (plan, { target, tally, phase, stop }) => {
  const { net, moveAfter, people } = plan;
  const made: number[] = [];
  const agents = Array.from({ length: plan.clients }, () => new Agent({ keepAlive: true }));
  await clients(plan.clients, stop, async (client) => {
    const attempt = made[client] ?? 0;
    // They do not march in step.
    if (attempt === 0) await pause((client / plan.clients) * ARRIVAL, stop);
    made[client] = attempt + 1;
    const stays = client % 2 === 1;
    const moves = stays ? 0 : Math.floor(attempt / moveAfter);
    const source = sourceOf(net, (client + moves * plan.clients) % 60_000);
    const user = nameOf(stays ? client : client + attempt, people);
    const label = phase();
    const credentials = `${user}:wrong-${attempt}`;
    const answer = await ask(target, '/token', { source, credentials, agent: agents[client], signal: stop });
    if (stop.aborted) return;
    const kind = kindOf(answer, ({ status, body }) => status === 401 && /^Authentication failure\n?$/.test(body));
    tally.add(label, kind, `wrong password of ${user}: ${JSON.stringify(answer)}`);
  });
};

/** One in eight is nobody's; the others are shared by all, so that the innocent's name is among them. */
function nameOf(index: number, people: readonly Person[]): string {
  return index % 8 === 7 ? `nobody-${index % 100}` : (people[index % people.length]?.user ?? '');
}
