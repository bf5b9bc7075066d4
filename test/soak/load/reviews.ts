/** Reviews by the hundred thousand: good tokens, forged ones and no tokens at all, over few connections as kube-apiservers have them. */
import { reviewOf, saysNo, saysYes } from '../client.js';
import { type Prepared, prepare, sendAll } from '../pipeline.js';
import type { Kind } from '../tally.js';
import { spoiled } from './bad-tokens.js';
import type { Load } from './load.js';

export interface ReviewsPlan {
  readonly connections: number;
  /** Under way at once on each. */
  readonly depth: number;
  readonly count: number;
  readonly tokens: readonly { readonly user: string; readonly token: string }[];
}

export const reviews: Load<ReviewsPlan> = async ({ connections, depth, count, tokens }, context) => {
  const { target, tally, phase, stop } = context;
  const noted = (kind: Kind, about: string) => tally.add(phase(), kind, about);
  const good = tokens.map(({ user, token }) => askedOf(token, user, noted));
  const bad = tokens.flatMap(({ token }) => spoiled(token)).map((token) => askedOf(token, undefined, noted));
  let begun = 0;
  const next = (): Prepared | undefined => {
    if (stop.aborted || begun >= count) return undefined;
    begun += 1;
    // Of seven, one is no good.
    return begun % 7 === 0 ? bad[(begun / 7) % bad.length] : good[begun % good.length];
  };
  await Promise.all(
    Array.from({ length: connections }, (_, index) =>
      sendAll(target, {
        source: `127.0.1.${index + 1}`,
        depth,
        next,
        onLost: (lost) => {
          for (let each = 0; each < lost; each += 1) noted('cut off', '');
        },
      }),
    ),
  );
};

/** `user`: whose it is; undefined when it is no good. */
function askedOf(token: string, user: string | undefined, noted: (kind: Kind, about: string) => void): Prepared {
  const judge = user === undefined ? saysNo : (answer: Parameters<typeof saysNo>[0]) => saysYes(answer, user);
  return {
    bytes: prepare('/authenticate', reviewOf(token)),
    answered(status, body) {
      if (status === 500) noted('unavailable', '');
      else if (judge({ status, headers: {}, body })) noted('expected', '');
      else noted('wrong', `review of ${user === undefined ? 'a bad' : 'a good'} token: ${status} ${body}`);
    },
  };
}
