/** Memory of all processes of pamhook: at rest, under load, and after it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LOGIN_PREFIX, LOGINS, one, PASSWORD } from '../accounts.js';
import { connecting, saturate } from '../load.js';
import { memoryOf } from '../proc.js';
import { login, review } from '../requests.js';
import type { CaseResult } from '../result.js';
import type { Stage } from '../stage.js';
import { tokenFor } from '../tokens.js';
import type { Case } from './case.js';

/** Milliseconds without requests after which V8 has given back what it can. */
const REST = 12_000;

export const memoryAtRest: Case = {
  id: 'memory-at-rest',
  forRoot: true,
  run: (stage) => resting(stage, 'memory-at-rest', 'memory at rest'),
};
export const memoryAfter: Case = {
  id: 'memory-after',
  forRoot: true,
  run: (stage) => resting(stage, 'memory-after', 'memory after it all'),
};
export const memoryUnderLoad: Case = { id: 'memory-under-load', forRoot: true, run: underLoad };

async function resting(stage: Stage, id: string, title: string): Promise<CaseResult[]> {
  await sleep(stage.options.smoke ? 0 : REST / (id === 'memory-at-rest' ? 4 : 1));
  return [{ id, title, servers: { pamhook: [{ memory: memoryOf(stage.pamhook.pid) }] } }];
}

/** The most that is seen while it reviews and logs in as fast as it can. */
async function underLoad(stage: Stage): Promise<CaseResult[]> {
  const { pamhook, signer, options } = stage;
  const reviews = stage.requests('one', [review(tokenFor(signer, one))]);
  const names = Array.from({ length: LOGINS }, (_, index) => `${LOGIN_PREFIX}${index}`);
  const logins = stage.requests(
    'logins',
    names.map((name) => login(name, PASSWORD)),
  );
  let memory = 0;
  const looking = setInterval(() => {
    memory = Math.max(memory, memoryOf(pamhook.pid));
  }, 100);
  const seconds = 2 * options.seconds;
  const url = `https://127.0.0.1:${pamhook.port}${pamhook.path}`;
  await Promise.all([
    saturate(url, 256, seconds, reviews),
    connecting({ port: pamhook.port, clients: LOGINS, seconds, status: 200, requests: logins }),
  ]);
  clearInterval(looking);
  return [{ id: 'memory-under-load', title: 'memory under load, at most', servers: { pamhook: [{ memory }] } }];
}
