/** What a front keeps of the requests it has answered: nothing, to the byte as far as a heap can be measured after its garbage was collected. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { reviewOf, type Target } from '../soak/client.js';
import { type Prepared, prepare, sendAll } from '../soak/pipeline.js';
import { basic, certificate, dial, type Front, startFront } from './front.js';

/** In each wave. */
const REVIEWS = 3_000;
const LOGINS = 1_000;
const CUT_OFF = 50;

/** Bytes: what compiled code, caches of the engine and the like differ by. A leak of 100 bytes a request is more. */
const NOISE = 512 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

test('a front keeps nothing of reviews, logins and connections that are over', async (t) => {
  const front = await startFront(t, { review: async () => ({ authenticated: false, refusal: 'malformed' }) });
  // Twice: the engine compiles and caches for a while.
  await wave(front);
  await wave(front);
  const before = await memoryIn(front);
  await wave(front);
  const after = await memoryIn(front);
  assert.ok(after - before < NOISE, `${after - before} bytes more`);
});

async function memoryIn(front: Front): Promise<number> {
  // What the test itself keeps.
  for (const kept of [front.outcomes, front.lines, front.slept]) kept.length = 0;
  for (let count = 0; count < 5; count += 1) {
    await turn();
    collectGarbage();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function wave({ port }: Front): Promise<void> {
  const target = { port, ca: certificate.cert };
  const review = prepare('/authenticate', reviewOf('header.claims.signature'));
  const login = prepare('/token', '', { authorization: basic('alice', 'secret').Authorization });
  await send(target, REVIEWS, review);
  await send(target, LOGINS, login);
  await Promise.all(Array.from({ length: CUT_OFF }, () => cutOff(port)));
}

async function send(target: Target, count: number, bytes: Buffer): Promise<void> {
  let answers = 0;
  let begun = 0;
  const request: Prepared = {
    bytes,
    answered(status) {
      assert.equal(status, 200);
      answers += 1;
    },
  };
  const next = () => (begun++ < count ? request : undefined);
  const onLost = (lost: number) => assert.fail(`${lost} requests were lost`);
  await Promise.all(['127.0.0.1', '127.0.0.2'].map((source) => sendAll(target, { source, depth: 10, next, onLost })));
  assert.equal(answers, count);
}

/** In the middle of a body. */
async function cutOff(port: number): Promise<void> {
  const { socket, closed } = await dial(port);
  socket.write('POST /authenticate HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n{', () => socket.destroy());
  await closed();
}
