/** Reviews over kept connections, as fast as they go: good tokens of one and of many, forged and expired ones, people who have gone. */
import { writeFileSync } from 'node:fs';
import { options as settings } from '#src/config/options.js';
import { makeKey } from '#src/keys/new-key.js';
import { grouped, one, unknown } from '../accounts.js';
import { saturated, takeTurns, withMoreRounds } from '../measure.js';
import { peersOf } from '../peers.js';
import { memoryOf } from '../proc.js';
import { review } from '../requests.js';
import type { CaseResult } from '../result.js';
import { initialise, type Server } from '../servers.js';
import type { Stage } from '../stage.js';
import { forge, signerOf, tokenFor } from '../tokens.js';
import type { Case } from './case.js';
import { expectAnswer } from './expect.js';

const CONNECTIONS = 8;
/** Seconds. */
const IDENTITY_CACHE_TTL = settings['identity-cache-ttl'].default / 1000;
/** More than any memory of refused tokens could hold. */
const FORGED = 40_000;
const FORGED_BRIEFLY = 1_000;

export const reviewCases: readonly Case[] = [
  ...[8, 1, 32, 256].map((connections) => ({
    id: `one-token-${connections}`,
    further: connections !== CONNECTIONS,
    run: (stage: Stage) => oneToken(stage, connections),
  })),
  { id: 'groups-300', run: manyGroups },
  { id: 'many-tokens', run: manyTokens },
  { id: 'forged-es256', run: forgedEs256 },
  { id: 'forged-hs256', run: forgedHs256 },
  { id: 'expired', brief: true, run: expired },
  { id: 'unknown-users', brief: true, run: unknownUsers },
  { id: 'no-identity-cache', brief: true, run: noIdentityCache },
];

async function oneToken(stage: Stage, connections: number): Promise<CaseResult[]> {
  const { options, pamhook, signer } = stage;
  const token = tokenFor(signer, one);
  await expectAnswer(pamhook, token, true);
  const floor = await stage.startFloor(one);
  const requests = stage.requests('one', [review(token)]);
  const contenders = [pamhook, floor].map((server) => saturated(server, connections, requests));
  for (const { server, requests: own } of peersOf(stage, token)) {
    contenders.push(saturated(server, connections, own));
  }
  const servers = await takeTurns(connections === CONNECTIONS ? withMoreRounds(options) : options, contenders);
  await floor.stop();
  return [{ id: `one-token-${connections}`, title: `one token, ${connections} connections`, servers }];
}

async function manyGroups(stage: Stage): Promise<CaseResult[]> {
  const { pamhook, signer } = stage;
  const token = tokenFor(signer, grouped);
  await expectAnswer(pamhook, token, true);
  const floors = [
    await stage.startFloor(grouped, 'ready'),
    await stage.startFloor(grouped, 'stringify', 'floor that stringifies'),
  ];
  return compare(stage, 'groups-300', 'a user in 300 groups', [pamhook, ...floors], [review(token)]);
}

async function manyTokens(stage: Stage): Promise<CaseResult[]> {
  const { pamhook, signer, users } = stage;
  const tokens = users.map((account) => tokenFor(signer, account));
  for (const token of [tokens[0], tokens.at(-1)]) await expectAnswer(pamhook, token ?? '', true);
  const title = `${tokens.length.toLocaleString('en')} tokens and users in turn`;
  // In each such round everybody is looked up once, as `identity-cache-ttl` has it: shorter ones have all of that in them, or nothing.
  const options = stage.options.smoke ? stage.options : { ...stage.options, seconds: IDENTITY_CACHE_TTL, rounds: 2 };
  return againstFloor({ ...stage, options }, 'many-tokens', title, pamhook, tokens);
}

async function forgedEs256(stage: Stage): Promise<CaseResult[]> {
  const { pamhook, signer } = stage;
  const tokens = forge(tokenFor(signer, one), stage.options.smoke ? FORGED_BRIEFLY : FORGED);
  await expectAnswer(pamhook, tokens[0] ?? '', false);
  const memory = [{ memory: memoryOf(pamhook.pid) }];
  const results = await againstFloor(stage, 'forged-es256', 'forged tokens, ES256', pamhook, tokens);
  memory.push({ memory: memoryOf(pamhook.pid) });
  return [
    ...results,
    { id: 'memory-forged', title: 'memory before and after the forged tokens', servers: { pamhook: memory } },
  ];
}

async function forgedHs256(stage: Stage): Promise<CaseResult[]> {
  const identity = initialise(stage.file('hmac'), 'ec');
  writeFileSync(identity.signingKey, await makeKey({ type: 'hmac' }), { mode: 0o600 });
  const signer = signerOf(identity.signingKey);
  const server = await stage.startPamhook('hmac', [], { signingKey: identity.signingKey });
  const good = tokenFor(signer, one);
  await expectAnswer(server, good, true);
  const tokens = forge(good, stage.options.smoke ? FORGED_BRIEFLY : FORGED);
  await expectAnswer(server, tokens[0] ?? '', false);
  const results = await againstFloor(stage, 'forged-hs256', 'forged tokens, HS256', server, tokens);
  await server.stop();
  return results;
}

async function expired(stage: Stage): Promise<CaseResult[]> {
  const { pamhook, signer, users } = stage;
  const tokens = users.map((account) => tokenFor(signer, account, 7200));
  await expectAnswer(pamhook, tokens[0] ?? '', false);
  return againstFloor(stage, 'expired', 'expired tokens', pamhook, tokens);
}

async function unknownUsers(stage: Stage): Promise<CaseResult[]> {
  const { pamhook, signer, users } = stage;
  const stranger = tokenFor(signer, unknown);
  await expectAnswer(pamhook, stranger, false);
  const tokens = users
    .slice(0, 1000)
    .map((account, index) => (index % 20 === 0 ? stranger : tokenFor(signer, account)));
  return againstFloor(stage, 'unknown-users', 'one review in 20 of a user who is not there', pamhook, tokens);
}

async function noIdentityCache(stage: Stage): Promise<CaseResult[]> {
  const server = await stage.startPamhook('uncached', ['-identity-cache-ttl', '0']);
  const token = tokenFor(stage.signer, one);
  await expectAnswer(server, token, true);
  const results = await againstFloor(stage, 'no-identity-cache', 'one token, identity cache off', server, [token]);
  await server.stop();
  return results;
}

async function againstFloor(stage: Stage, id: string, title: string, server: Server, tokens: readonly string[]) {
  const floor = await stage.startFloor(one);
  return compare(
    stage,
    id,
    title,
    [server, floor],
    tokens.map((token) => review(token)),
  );
}

/** Ends all but the first of the servers. */
async function compare(stage: Stage, id: string, title: string, servers: readonly Server[], each: readonly string[]) {
  const requests = stage.requests(id, each);
  const contenders = servers.map((server) => saturated(server, CONNECTIONS, requests));
  const taken = await takeTurns(stage.options, contenders);
  for (const floor of servers.slice(1)) await floor.stop();
  return [{ id, title: `${title}, ${CONNECTIONS} connections`, servers: taken }];
}
