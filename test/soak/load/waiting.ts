/** Logins with wrong passwords, all at once and from few addresses, so that they have to wait: as many over one connection as the daemon takes. */
import { sourceOf } from '../client.js';
import { prepare, sendAll } from '../pipeline.js';
import type { Kind } from '../tally.js';
import type { Load, Person } from './load.js';

export interface WaitingPlan {
  /** Connections, each from an address of its own. */
  readonly connections: number;
  /** Logins at once on each: fewer than pipelinedRequests. */
  readonly depth: number;
  /** Logins in all. */
  readonly count: number;
  readonly net: number;
  readonly people: readonly Person[];
}

const KINDS: Readonly<Record<number, Kind>> = {
  401: 'expected',
  429: 'throttled',
  500: 'unavailable',
  503: 'unavailable',
};

export const waiting: Load<WaitingPlan> = async ({ connections, depth, count, net, people }, context) => {
  const { target, tally, phase, stop } = context;
  let begun = 0;
  const next = () => {
    if (stop.aborted || begun >= count) return undefined;
    const user = people[begun++ % people.length]?.user ?? '';
    const label = phase();
    return {
      bytes: prepare('/token', '', { authorization: `Basic ${Buffer.from(`${user}:wrong`).toString('base64')}` }),
      answered: (status: number, body: string) =>
        tally.add(label, KINDS[status] ?? 'wrong', `wrong password of ${user}: ${status} ${body}`),
    };
  };
  const onLost = (lost: number) => {
    for (let each = 0; each < lost; each += 1) tally.add(phase(), 'cut off');
  };
  const all = Array.from({ length: connections }, (_, index) =>
    sendAll(target, { source: sourceOf(net, index), depth, next, onLost, stop }),
  );
  await Promise.all(all);
};
