/** Reviews at a fixed rate: how long whoever asks has to wait. */
import { one } from '../accounts.js';
import { takeTurns, timed, withMoreRounds } from '../measure.js';
import { peersOf } from '../peers.js';
import { review } from '../requests.js';
import type { CaseResult } from '../result.js';
import type { Stage } from '../stage.js';
import { tokenFor } from '../tokens.js';
import type { Case } from './case.js';

/** Requests a second: far below what one core carries, and more than a large cluster asks. */
export const RATE = 2_000;

export const latencyCases: readonly Case[] = [32, 1, 8, 256].map((connections) => ({
  id: `latency-${connections}`,
  further: connections !== 32,
  run: (stage: Stage) => atRate(stage, connections),
}));

async function atRate(stage: Stage, connections: number): Promise<CaseResult[]> {
  const { options, pamhook, signer } = stage;
  const token = tokenFor(signer, one);
  const floor = await stage.startFloor(one);
  const requests = stage.requests('one', [review(token)]);
  const contenders = [pamhook, floor].map((server) => timed(server, connections, RATE, requests));
  for (const { server, requests: own } of peersOf(stage, token)) {
    contenders.push(timed(server, connections, RATE, own));
  }
  // Percentiles of so few requests want more rounds where a goal hangs on them.
  const turns = connections === 32 ? withMoreRounds(options) : options;
  const servers = await takeTurns(turns, contenders);
  await floor.stop();
  return [{ id: `latency-${connections}`, title: `${RATE} reviews a second, ${connections} connections`, servers }];
}
