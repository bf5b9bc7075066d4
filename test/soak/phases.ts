/** What is done to the daemon, in order; how long each takes is a share of the whole. */
import { failures } from './failures.js';
import type { RunningLoad } from './load/running.js';
import { freshTokens, measured, type Run, wait } from './run.js';
import { sum } from './tally.js';

/** In a run of the standard length. */
const LOGINS = 10_000;
const REVIEWS = 1_000_000;
export const STANDARD_SECONDS = 600;
export const SHORTEST_SECONDS = 240;

/** Between calm and attack it goes to and fro, so that what else the machine does falls on both. */
const ROUNDS = 3;

/** Milliseconds without requests after which V8 has given back what it can. */
const REST = 12_000;

/** Seconds of what takes as long however short the run: warming up, resting, failures and their mending, the end. */
const FIXED = 170;

/** How the other seconds are shared out. */
const SHARES = { calm: 0.1, attack: 0.15, misery: 0.1, bulk: 0.275 };

/** Milliseconds that a slow machine is given to be done with what is not measured by time. */
const PATIENCE = 60_000;

export async function goThroughPhases(run: Run): Promise<void> {
  await warmUp(run);
  await rest(run, 'start');
  await calmAndAttack(run);
  await thousandWaiting(run);
  for (const round of ['misery 1', 'misery 2']) {
    await misery(run, round);
    await rest(run, `after ${round}`);
  }
  run.setPhase('failures');
  await measured(run, () => failures(run));
  for (const half of ['bulk 1', 'bulk 2']) {
    await bulk(run, half);
    await rest(run, `after ${half}`);
  }
  run.setPhase('stop');
}

export function wanted(seconds: number): { logins: number; reviews: number } {
  const share = (seconds - FIXED) / (STANDARD_SECONDS - FIXED);
  return { logins: Math.ceil(LOGINS * share), reviews: Math.ceil(REVIEWS * share) };
}

const spend = ({ seconds }: Run, share: number) => wait((seconds - FIXED) * share * 1000);

/** All workers are up, and all code has run. */
async function warmUp(run: Run): Promise<void> {
  run.setPhase('warm-up');
  const tokens = await freshTokens(run);
  const logins = run.loads.start('logins', { clients: 8, count: 200, net: 10, people: run.crowd });
  const reviews = run.loads.start('reviews', { connections: 4, depth: 8, count: 10_000, tokens });
  await Promise.all([logins.ended, reviews.ended]);
}

/** Nothing asks: what is held now is kept. */
async function rest(run: Run, name: string): Promise<void> {
  run.setPhase('rest');
  await wait(REST);
  run.looks[name] = run.watch.look();
}

async function calmAndAttack(run: Run): Promise<void> {
  run.setPhase('calm');
  await measured(run, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      run.setPhase('calm');
      await spend(run, SHARES.calm / ROUNDS);
      run.setPhase('attack');
      const guesses = run.loads.start(
        'guesses',
        {
          clients: 64,
          net: 20 + round,
          moveAfter: 5,
          people: run.people,
        },
        '64 clients with wrong passwords',
      );
      await spend(run, SHARES.attack / ROUNDS);
      // What is still under way is neither calm nor attack.
      run.setPhase('between');
      await guesses.stop();
      await wait(1_000);
    }
  });
}

/** 1,000 logins of few sources wait for a worker: whoever comes from elsewhere does not wait for them all. */
async function thousandWaiting(run: Run): Promise<void> {
  run.setPhase('1,000 waiting');
  await measured(run, async () => {
    const plan = { connections: 11, depth: 91, count: 1_000, net: 35, people: run.people };
    const waiting = run.loads.start('waiting', plan, '1,000 waiting logins');
    await Promise.race([waiting.ended, wait(PATIENCE)]);
    await waiting.stop();
  });
}

/** All at once what a hostile client can do without a password. */
async function misery(run: Run, round: string): Promise<void> {
  run.setPhase(round);
  const { loads, people } = run;
  await measured(run, async () => {
    const idle = loads.start('idle', { connections: IDLE, net: 30 }, '3,000 idle connections');
    const running = [
      idle,
      loads.start('slowClients', { clients: 40, net: 31 }, 'slow clients'),
      loads.start('garbage', { clients: 16, net: 32, interval: 100 }, 'garbage'),
      loads.start('bodies', { clients: 64, net: 33, interval: 2_000 }, 'bodies of 1 MiB'),
      loads.start('guesses', { clients: 128, net: 34, moveAfter: 5, people }, '128 clients with wrong passwords'),
    ];
    await spend(run, SHARES.misery);
    // The same wave each time.
    for (let waited = 0; waited < PATIENCE && made(idle) < IDLE; waited += 100) await wait(100);
    await Promise.all(running.map((load) => load.stop()));
  });
}

const IDLE = 3_000;

function made({ counts }: RunningLoad<'idle'>): number {
  return sum(counts()).expected;
}

/** Half of the logins and reviews, as fast as they go; until they are done, or their time is over. */
async function bulk(run: Run, half: string): Promise<void> {
  run.setPhase(half);
  const { logins, reviews } = wanted(run.seconds);
  await measured(run, async () => {
    const tokens = await freshTokens(run);
    const both = [
      run.loads.start('logins', { clients: 16, count: Math.ceil(logins / 2), net: 40, people: run.crowd }),
      run.loads.start('reviews', { connections: 4, depth: 8, count: Math.ceil(reviews / 2), tokens }),
    ];
    await Promise.race([Promise.all(both.map(({ ended }) => ended)), spend(run, SHARES.bulk)]);
    await Promise.all(both.map((load) => load.stop()));
  });
}
