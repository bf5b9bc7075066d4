/** How many answers of 429 are held back at once, so that whoever is turned away cannot ask again at full speed; runs in the front. */
import { sourceNetwork } from './source-address.js';

export interface HeldAnswers {
  /** What ends the holding; undefined: so many are held for this source already. */
  hold(source: string): (() => void) | undefined;
}

export function createHeldAnswers(perSource: number): HeldAnswers {
  const counts = new Map<string, number>();
  return {
    hold(source) {
      const network = sourceNetwork(source);
      const count = counts.get(network) ?? 0;
      if (count >= perSource) return undefined;
      counts.set(network, count + 1);
      return () => {
        const left = (counts.get(network) ?? 1) - 1;
        if (left > 0) counts.set(network, left);
        else counts.delete(network);
      };
    },
  };
}
