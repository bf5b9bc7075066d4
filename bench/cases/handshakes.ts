/** Reviews over a new TLS connection each: with EC and RSA certificates, with full handshakes and with resumed sessions. */
import { one } from '../accounts.js';
import { connecting } from '../load.js';
import { type Contender, charged, speedOf, takeTurns, warmedBy } from '../measure.js';
import { review } from '../requests.js';
import type { CaseResult } from '../result.js';
import { type Identity, initialise, type Server } from '../servers.js';
import type { Stage } from '../stage.js';
import { tokenFor } from '../tokens.js';
import type { Case } from './case.js';

const CLIENTS = 8;
/** Connections after which what is run for each has been compiled. */
const WARM = 3_000;

export const handshakeCases: readonly Case[] = [
  { id: 'handshakes-ec', run: (stage) => both(stage, 'ec', stage.identity) },
  {
    id: 'handshakes-rsa',
    run: (stage) => both(stage, 'rsa', initialise(stage.file('rsa'), 'rsa')),
  },
];

/** Of one certificate: full handshakes, and resumed ones. */
async function both(stage: Stage, kind: string, { cert, key }: Identity): Promise<CaseResult[]> {
  const pamhook = await stage.startPamhook(kind, [], { cert, key });
  const floor = await stage.startFloor(one, 'stringify', 'floor', { cert, key });
  const requests = stage.requests('one', [review(tokenFor(stage.signer, one))]);
  const results: CaseResult[] = [];
  for (const resume of [false, true]) {
    const connectors = [pamhook, floor].map((server) => connector(server, requests, resume));
    // The full ones have warmed the others too.
    const contenders = resume ? connectors : connectors.map(warmed);
    const title = `new TLS connection each, ${kind.toUpperCase()}, ${resume ? 'resumed' : 'full handshake'}`;
    const servers = await takeTurns(stage.options, contenders);
    results.push({ id: `${resume ? 'resumed' : 'handshakes'}-${kind}`, title, servers });
  }
  await Promise.all([pamhook.stop(), floor.stop()]);
  return results;
}

function warmed(contender: Contender): Contender {
  return { ...contender, warm: warmedBy(contender, WARM) };
}

function connector(server: Server, requests: string, resume: boolean): Contender {
  return {
    name: server.name,
    async measure(seconds) {
      const load = { port: server.port, clients: CLIENTS, seconds, status: 200, requests, resume };
      const loaded = await charged(server, () => connecting(load));
      // The first connection of each client has nothing to resume.
      const rest = loaded.answered + loaded.late - loaded.extra;
      if (resume ? rest > 2 * CLIENTS : loaded.extra > 0)
        throw new Error(`${loaded.extra} of ${loaded.answered} resumed`);
      return { ...speedOf(loaded), cpu: loaded.cpu };
    },
  };
}
