/** Reviews at a fixed rate while 64 clients guess passwords, and while nobody does. */
import { LOGIN_PREFIX, LOGINS, one } from '../accounts.js';
import { atFixedRate, connecting, percentilesOf } from '../load.js';
import { speedOf, takeTurns } from '../measure.js';
import { login, review } from '../requests.js';
import type { Figures } from '../result.js';
import type { Stage } from '../stage.js';
import { tokenFor } from '../tokens.js';
import type { Case } from './case.js';
import { RATE } from './latency.js';

const CLIENTS = 64;
/** An address may fail so often before it is held back (`login-free-failures`). */
const MOVE_AFTER = 5;
/** Seconds: as long as a refusal takes (`refusal-delay`), and a bit, so that each client guesses more than once. */
const ATTACK = 4;

export const wrongPasswordCases: readonly Case[] = [{ id: 'wrong-passwords', forRoot: true, run: wrongPasswords }];

async function wrongPasswords(stage: Stage) {
  const requests = stage.requests('one', [review(tokenFor(stage.signer, one))]);
  const names = Array.from({ length: LOGINS }, (_, index) => `${LOGIN_PREFIX}${index}`);
  const guesses = stage.requests(
    'guesses',
    names.map((name) => login(name, 'wrong')),
  );
  let net = 100;
  const measure = async (seconds: number): Promise<Figures> => {
    const loaded = await atFixedRate(stage.pamhook.port, 32, RATE, seconds, requests);
    return { ...speedOf(loaded), ...percentilesOf(loaded) };
  };
  const attacked = async (seconds: number): Promise<Figures> => {
    net += 1;
    const from = { net, moveAfter: MOVE_AFTER };
    const { port } = stage.pamhook;
    const guessing = connecting({ port, clients: CLIENTS, seconds, status: 401, requests: guesses, from });
    const figures = await measure(seconds);
    const { failed } = await guessing;
    return { ...figures, failed: (figures.failed ?? 0) + failed };
  };
  const turns = { ...stage.options, seconds: stage.options.smoke ? 1 : ATTACK };
  const servers = await takeTurns(turns, [
    { name: 'calm', measure },
    { name: 'pamhook', measure: attacked },
  ]);
  const title = `${RATE} reviews a second, 32 connections; pamhook: ${CLIENTS} clients guess passwords`;
  return [{ id: 'wrong-passwords', title, servers }];
}
