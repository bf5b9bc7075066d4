/** From the start of the command to the first answered review. */
import { setTimeout as sleep } from 'node:timers/promises';
import { one } from '../accounts.js';
import { withMoreRounds } from '../measure.js';
import type { CaseResult, Figures } from '../result.js';
import { spawnPamhook } from '../servers.js';
import { ask, type Stage } from '../stage.js';
import { reviewOf, tokenFor } from '../tokens.js';
import type { Case } from './case.js';

export const startCases: readonly Case[] = [{ id: 'start', run: start }];

async function start(stage: Stage): Promise<CaseResult[]> {
  const body = reviewOf(tokenFor(stage.signer, one));
  const rounds: Figures[] = [];
  for (let round = 0; round < withMoreRounds(stage.options).rounds; round += 1)
    rounds.push(await startOnce(stage, body));
  return [{ id: 'start', title: 'start to first answered review', servers: { pamhook: rounds } }];
}

/** The listening socket is there before the process that serves it: who connects early waits, and is asked for nothing more. */
async function startOnce(stage: Stage, body: string): Promise<Figures> {
  const began = performance.now();
  const server = await spawnPamhook(stage.pamhookOptions('start'));
  for (;;) {
    const answer = await ask(server, body).catch(() => undefined);
    if (answer?.body.includes('"authenticated":true')) break;
    await sleep(1);
  }
  const duration = performance.now() - began;
  await server.stop();
  return { duration };
}
