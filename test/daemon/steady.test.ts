/** Thousands of logins and ten thousands of reviews leave no descriptor, no zombie and no other process behind. What they do to memory, `make soak` asks. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { reviewOf, type Target } from '../soak/client.js';
import { type Prepared, prepare, sendAll } from '../soak/pipeline.js';
import { lookAt } from '../soak/process-watch.js';
import { type Daemon, setScene, startDaemon, until } from './daemon-harness.js';

/** In each of the waves. */
const LOGINS = 500;
const REVIEWS = 7_500;
const CONNECTIONS = 20;
const WAVES = 3;

const USERS = ['ann', 'bob', 'cleo', 'dan'];

it('answers thousands of logins and ten thousands of reviews, and holds on to nothing of them', async (t) => {
  const scene = await setScene(t, {
    passwords: Object.fromEntries(USERS.map((user) => [user, 'secret'])),
    passwd: USERS.map((user, index) => `${user}:x:${20_001 + index}:20001::/:/bin/sh`),
  });
  const daemon = await startDaemon(t, scene, ['-pam-workers', '2', '-pam-worker-max-logins', '100000']);
  const target = { port: daemon.port, ca: readFileSync(join(scene.dir, 'tls', 'ca.crt'), 'utf8') };
  await wave(daemon, target);
  const first = held(daemon);
  for (let count = 1; count < WAVES; count += 1) {
    await wave(daemon, target);
    // The front hears of a closed connection in its own time.
    await until(() => JSON.stringify(held(daemon)) === JSON.stringify(first));
  }
});

/** By process, those of the first wave; the descriptors of others only root can see. */
function held(daemon: Daemon) {
  const { processes, zombies } = lookAt(daemon.pid);
  return { processes: processes.map(({ pid, role, descriptors }) => ({ pid, role, descriptors })), zombies };
}

async function wave(daemon: Daemon, target: Target): Promise<void> {
  const answers: Record<string, number> = {};
  const count = (what: string) => (status: number, body: string) => {
    const said = `${what} ${status} ${/"authenticated":(?:true|false)/.exec(body) ?? ''}`;
    answers[said] = (answers[said] ?? 0) + 1;
  };
  const token = (await daemon.login('ann', 'secret')).body.trim();
  const logins = USERS.map((user) => ({ bytes: loginOf(user), answered: count('login') }));
  const good = { bytes: prepare('/authenticate', reviewOf(token)), answered: count('good') };
  const bad = { bytes: prepare('/authenticate', reviewOf(`${token}A`)), answered: count('bad') };
  await send(target, LOGINS, (index) => logins[index % logins.length] ?? good);
  await send(target, REVIEWS, (index) => (index % 5 === 0 ? bad : good));
  assert.deepEqual(answers, {
    'login 200 ': LOGINS,
    'good 200 "authenticated":true': REVIEWS * 0.8,
    'bad 200 "authenticated":false': REVIEWS * 0.2,
  });
}

function loginOf(user: string): Buffer {
  return prepare('/token', '', { authorization: `Basic ${Buffer.from(`${user}:secret`).toString('base64')}` });
}

async function send(target: Target, count: number, of: (index: number) => Prepared): Promise<void> {
  let begun = 0;
  const next = () => (begun < count ? of(begun++) : undefined);
  const onLost = (lost: number) => assert.fail(`${lost} requests were lost`);
  await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, index) =>
      sendAll(target, { source: `127.0.2.${index + 1}`, depth: 5, next, onLost }),
    ),
  );
}
