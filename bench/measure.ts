/** Takes servers in turn, round by round, and what each cost and gave. */
import type { Loaded } from './load.js';
import { atFixedRate, percentilesOf, saturate } from './load.js';
import { processorSeconds } from './proc.js';
import type { Figures } from './result.js';
import type { Server } from './servers.js';

export interface Contender {
  readonly name: string;
  measure(seconds: number): Promise<Figures>;
  /** Before the first round that counts; absent: a shorter round. */
  warm?(seconds: number): Promise<void>;
}

/** V8 compiles what has run so often. On a machine that has more to do one short round need not be enough. */
const WARM = 20_000;
const MOST_WARMING = 12;

/** To be `warm`: rounds until so many were answered, as far as that takes not too long. */
export function warmedBy({ measure }: Contender, answers: number): (seconds: number) => Promise<void> {
  return async (seconds) => {
    let answered = 0;
    for (let round = 0; round < MOST_WARMING && answered < answers; round += 1)
      answered += ((await measure(seconds)).rate ?? 0) * seconds;
  };
}

export interface Turns {
  readonly rounds: number;
  /** Of one round of one server. */
  readonly seconds: number;
  /** Whether nothing is measured but that it works. */
  readonly smoke: boolean;
}

/** For what a goal hangs on. */
export function withMoreRounds<T extends Turns>(turns: T): T {
  return turns.smoke ? turns : { ...turns, rounds: turns.rounds + 2 };
}

/** A shorter round that does not count, and then each second in reverse order, so that what changes with time falls on all. */
export async function takeTurns(
  { rounds, seconds, smoke }: Turns,
  contenders: readonly Contender[],
): Promise<Record<string, Figures[]>> {
  const taken: Record<string, Figures[]> = Object.fromEntries(contenders.map(({ name }) => [name, []]));
  // Code that V8 has not yet compiled well is measured by nobody who runs a server for more than a moment.
  if (!smoke) for (const each of contenders) await (each.warm ?? each.measure)(seconds / 2);
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? contenders : [...contenders].reverse();
    for (const { name, measure } of order) taken[name]?.push(await measure(seconds));
  }
  return taken;
}

/** What a load cost the server beside what it gave. */
export async function charged({ pid, proc }: Server, load: () => Promise<Loaded>): Promise<Loaded & { cpu: number }> {
  const before = processorSeconds(pid, proc);
  const loaded = await load();
  const spent = processorSeconds(pid, proc) - before;
  return { ...loaded, cpu: (spent * 1e6) / (loaded.answered + loaded.late) };
}

/** As fast as it goes, over kept connections. */
export function saturated(server: Server, connections: number, requests: string): Contender {
  const load = (seconds: number) =>
    saturate(`https://127.0.0.1:${server.port}${server.path}`, connections, seconds, requests);
  return {
    name: server.name,
    async measure(seconds) {
      const loaded = await charged(server, () => load(seconds));
      return { ...speedOf(loaded), cpu: loaded.cpu };
    },
    async warm(seconds) {
      let answered = 0;
      for (let round = 0; round < MOST_WARMING && answered < WARM; round += 1)
        answered += (await load(seconds)).answered;
    },
  };
}

/** At a rate that it can keep up with. */
export function timed(server: Server, connections: number, rate: number, requests: string): Contender {
  return {
    name: server.name,
    async measure(seconds) {
      const loaded = await atFixedRate(server.port, connections, rate, seconds, requests);
      return { ...speedOf(loaded), ...percentilesOf(loaded) };
    },
  };
}

export function speedOf({ answered, failed, seconds }: Loaded): Figures {
  return { rate: answered / seconds, failed };
}
