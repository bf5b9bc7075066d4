/** Logins with right passwords, a new connection each, beside as many plain processes that do nothing but the same PAM transactions. */
import { BRIEF_PREFIX, LOGIN_PREFIX, LOGINS, PASSWORD } from '../accounts.js';
import { connecting, percentilesOf, throughLibpam } from '../load.js';
import { type Contender, charged, speedOf, type Turns, takeTurns, warmedBy, withMoreRounds } from '../measure.js';
import { login } from '../requests.js';
import type { CaseResult } from '../result.js';
import type { Stage } from '../stage.js';
import type { Case } from './case.js';

/** Times as long as other rounds: a login takes a thousand times as long as a review. */
const LONGER = 2;

/** Logins after which the code of all processes has been compiled as in a daemon that runs for days. */
const WARM = 2_000;
const BRIEF_CLIENTS = 8;

/** Of the same pamhook, in the case of 16 clients. */
const SIXTY_FOUR = 'pamhook, 64 clients';

export const loginCases: readonly Case[] = [
  ...[16, 1, 4, 64].map((clients) => ({
    id: `logins-${clients}`,
    further: clients !== 16,
    forRoot: true,
    run: (stage: Stage) => logins(stage, clients),
  })),
  { id: 'brief-logins', forRoot: true, run: briefLogins },
];

async function logins(stage: Stage, clients: number): Promise<CaseResult[]> {
  const requests = requestsOf(stage, LOGIN_PREFIX);
  const longer: Turns = { ...stage.options, seconds: LONGER * stage.options.seconds };
  const contenders = [throughPamhook(stage, clients, requests), plain(clients, LOGIN_PREFIX)];
  // Beside each other: of two figures taken minutes apart one is always less.
  if (clients === 16) contenders.push({ ...throughPamhook(stage, 64, requests), name: SIXTY_FOUR });
  const servers = await takeTurns(longer, contenders);
  return [{ id: `logins-${clients}`, title: `logins, ${clients} clients`, servers }];
}

/** What a login costs beside its hash, which costs so much that the difference of two figures with it in them tells nothing. */
async function briefLogins(stage: Stage): Promise<CaseResult[]> {
  const pamhook = throughPamhook(stage, BRIEF_CLIENTS, requestsOf(stage, BRIEF_PREFIX));
  const servers = await takeTurns(withMoreRounds(stage.options), [
    { ...pamhook, warm: warmedBy(pamhook, WARM) },
    plain(BRIEF_CLIENTS, BRIEF_PREFIX),
  ]);
  return [{ id: 'brief-logins', title: `logins with a hash that costs little, ${BRIEF_CLIENTS} clients`, servers }];
}

function requestsOf(stage: Stage, prefix: string): string {
  const names = Array.from({ length: LOGINS }, (_, index) => `${prefix}${index}`);
  return stage.requests(
    `logins-of-${prefix}`,
    names.map((name) => login(name, PASSWORD)),
  );
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

function plain(processes: number, prefix: string): Contender {
  return {
    name: 'libpam',
    async measure(seconds) {
      const loaded = await throughLibpam(processes, seconds, prefix, PASSWORD);
      return { ...speedOf(loaded), cpu: (loaded.extra * 1e6) / (loaded.answered + loaded.late) };
    },
  };
}
