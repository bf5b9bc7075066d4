/** Reviews with a token of nearly 1 MiB, so many at once; and bodies that are larger than that. */
import { ask, kindOf, reviewOf, saysNo, sourceOf } from '../client.js';
import { clients, type Load, pause } from './load.js';

export interface BodiesPlan {
  readonly clients: number;
  readonly net: number;
  /** Milliseconds between two of a client's. */
  readonly interval: number;
}

const LARGE = reviewOf('x'.repeat(1024 * 1024 - 200));
const TOO_LARGE = reviewOf('x'.repeat(1536 * 1024));

export const bodies: Load<BodiesPlan> = async ({ clients: count, net, interval }, { target, tally, phase, stop }) => {
  let sent = 0;
  await clients(count, stop, async (client) => {
    const tooLarge = sent++ % 8 === 7;
    const label = phase();
    const answer = await ask(target, '/authenticate', {
      source: sourceOf(net, client),
      body: tooLarge ? TOO_LARGE : LARGE,
    });
    // A body beyond the bound may be cut off before it was sent in full.
    const kind =
      answer === 'cut off' && tooLarge
        ? 'expected'
        : kindOf(answer, (each) => (tooLarge ? each.status === 413 : saysNo(each)));
    tally.add(label, kind, `a ${tooLarge ? 'too ' : ''}large body: ${JSON.stringify(answer)}`);
    await pause(interval, stop);
  });
};
