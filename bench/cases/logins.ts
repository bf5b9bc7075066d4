/** Logins with right passwords, a new connection each, beside as many plain processes that do nothing but the same PAM transactions. */
import { LOGIN_PREFIX, LOGINS, PASSWORD } from '../accounts.js';
import { connecting, percentilesOf, throughLibpam } from '../load.js';
import { type Contender, charged, speedOf, type Turns, takeTurns, withMoreRounds } from '../measure.js';
import { login } from '../requests.js';
import type { CaseResult } from '../result.js';
import type { Stage } from '../stage.js';
import type { Case } from './case.js';

/** Times as long as other rounds: a login takes a thousand times as long as a review. */
const LONGER = 2;

export const loginCases: readonly Case[] = [16, 1, 4, 64].map((clients) => ({
  id: `logins-${clients}`,
  further: clients !== 16,
  forRoot: true,
  run: (stage: Stage) => logins(stage, clients),
}));

async function logins(stage: Stage, clients: number): Promise<CaseResult[]> {
  const names = Array.from({ length: LOGINS }, (_, index) => `${LOGIN_PREFIX}${index}`);
  const requests = stage.requests(
    'logins',
    names.map((name) => login(name, PASSWORD)),
  );
  const longer: Turns = { ...stage.options, seconds: LONGER * stage.options.seconds };
  const turns = clients === 16 ? withMoreRounds(longer) : longer;
  const servers = await takeTurns(turns, [throughPamhook(stage, clients, requests), plain(clients)]);
  return [{ id: `logins-${clients}`, title: `logins, ${clients} clients`, servers }];
}

function throughPamhook({ pamhook }: Stage, clients: number, requests: string): Contender {
  return {
    name: 'pamhook',
    async measure(seconds) {
      const load = { port: pamhook.port, clients, seconds, status: 200, requests };
      const loaded = await charged(pamhook, () => connecting(load));
      return { ...speedOf(loaded), ...percentilesOf(loaded), cpu: loaded.cpu };
    },
  };
}

function plain(processes: number): Contender {
  return {
    name: 'libpam',
    async measure(seconds) {
      const loaded = await throughLibpam(processes, seconds, LOGIN_PREFIX, PASSWORD);
      return { ...speedOf(loaded), cpu: (loaded.extra * 1e6) / (loaded.answered + loaded.late) };
    },
  };
}
