/** How the cost of a review grows with tokens, users, groups and connections, by powers of ten; docs/scaling.md is made from it. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { type Account, inGroups, one, users } from '../accounts.js';
import { saturated, takeTurns } from '../measure.js';
import { memoryOf } from '../proc.js';
import { review } from '../requests.js';
import type { CaseResult } from '../result.js';
import type { Server } from '../servers.js';
import type { Stage } from '../stage.js';
import { tokenFor } from '../tokens.js';
import type { Case } from './case.js';
import { expectAnswer } from './expect.js';

const CONNECTIONS = 8;
/** Users of whom reviews ask, spread over all there are. */
const ASKED = 1_000;
const UNCACHED = ['-identity-cache-ttl', '0'];

export const growthCases: readonly Case[] = [
  ...[10, 100, 1_000, 10_000, 100_000].map((count) => scaling('tokens', count, tokens)),
  ...[10, 100, 1_000, 10_000, 100_000].map((count) => scaling('users', count, usersOfDirectory)),
  ...[10, 100, 1_000, 10_000, 100_000].map((count) => scaling('users-in-passwd', count, usersInPasswd)),
  ...[1, 10, 100, 1_000, 10_000].map((count) => scaling('groups', count, groups)),
  ...[1, 10, 100, 1_000].map((count) => scaling('connections', count, connections)),
];

function scaling(
  what: string,
  count: number,
  run: (stage: Stage, id: string, count: number) => Promise<CaseResult>,
): Case {
  const id = `${what}-${count}`;
  return { id, forRoot: true, run: async (stage) => [await run(stage, id, count)] };
}

/** All of one user. */
function tokens(stage: Stage, id: string, count: number): Promise<CaseResult> {
  const each = Array.from({ length: count }, () => tokenFor(stage.signer, one));
  return alone(stage, stage.pamhook, id, each);
}

/** One token each, in a directory that answers from memory. */
function usersOfDirectory(stage: Stage, id: string, count: number): Promise<CaseResult> {
  return alone(
    stage,
    stage.pamhook,
    id,
    users(count).map((account) => tokenFor(stage.signer, account)),
  );
}

/** What one look-up costs: without the cache, each review makes one. */
async function usersInPasswd(stage: Stage, id: string, count: number): Promise<CaseResult> {
  const before = readFileSync('/etc/passwd');
  const local = Array.from({ length: count }, (_, index) => ({
    username: `local${index}`,
    uid: `${2_000_000 + index}`,
  }));
  appendFileSync('/etc/passwd', local.map(passwdLine).join(''));
  const server = await stage.startPamhook(id, UNCACHED);
  const asked = Math.min(ASKED, count);
  const spread = Array.from({ length: asked }, (_, index) => local[Math.floor(((index + 0.5) * count) / asked)] ?? one);
  const result = await alone(
    stage,
    server,
    id,
    spread.map((account) => tokenFor(stage.signer, account)),
  );
  await server.stop();
  writeFileSync('/etc/passwd', before);
  return result;
}

function passwdLine({ username, uid }: Account): string {
  return `${username}:x:${uid}:100000::/nonexistent:/usr/sbin/nologin\n`;
}

async function groups(stage: Stage, id: string, count: number): Promise<CaseResult> {
  const account = inGroups(count);
  const floor = await stage.startFloor(account, 'ready');
  const token = tokenFor(stage.signer, account);
  await expectAnswer(stage.pamhook, token, true);
  const requests = stage.requests(id, [review(token)]);
  const contenders = [stage.pamhook, floor].map((server) => saturated(server, CONNECTIONS, requests));
  const servers = await takeTurns(stage.options, contenders);
  await floor.stop();
  return { id, title: id, servers };
}

async function connections(stage: Stage, id: string, count: number): Promise<CaseResult> {
  const requests = stage.requests(id, [review(tokenFor(stage.signer, one))]);
  let memory = 0;
  const looking = setInterval(() => {
    memory = Math.max(memory, memoryOf(stage.pamhook.pid));
  }, 200);
  // To make so many connections takes its time, which is not to be what is measured.
  const turns = { ...stage.options, seconds: stage.options.seconds + count / 100 };
  const { pamhook = [] } = await takeTurns(turns, [saturated(stage.pamhook, count, requests)]);
  clearInterval(looking);
  return { id, title: id, servers: { pamhook: pamhook.map((round) => ({ ...round, memory })) } };
}

async function alone(stage: Stage, server: Server, id: string, each: readonly string[]): Promise<CaseResult> {
  for (const token of [each[0], each.at(-1)]) await expectAnswer(server, token ?? '', true);
  const requests = stage.requests(
    id,
    each.map((token) => review(token)),
  );
  // Long enough that each was asked for more than once.
  const turns = { ...stage.options, seconds: stage.options.seconds + each.length / 10_000 };
  const servers = await takeTurns(turns, [saturated(server, CONNECTIONS, requests)]);
  return {
    id,
    title: id,
    servers: { pamhook: (servers['pamhook'] ?? []).map((round) => ({ ...round, memory: memoryOf(server.pid) })) },
  };
}
