/** Violence against the daemon's processes, one act after the other; each time it is awaited that all is served as before. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, run as pamhook, until } from '../daemon/daemon-harness.js';
import { ask } from './client.js';
import { freshTokens, type Run, wait } from './run.js';

/** Seconds until a dead process must have been replaced. */
const REPLACED = 15;
/** And a worker that was stopped with a login in its hands, which pam-timeout (30 s) ends. */
const OVERRUN = 45;

interface Act {
  readonly name: string;
  /** Seconds. */
  readonly limit: number;
  commit(run: Run): void | Promise<void>;
}

/** Processes that these acts end. */
export const KILLED = { front: 2, worker: 2 };

const ACTS: readonly Act[] = [
  { name: 'SIGKILL to a worker', limit: REPLACED, commit: (run) => kill(run, 'worker', 'SIGKILL') },
  { name: 'SIGKILL to the front', limit: REPLACED, commit: (run) => kill(run, 'front', 'SIGKILL') },
  { name: 'SIGSTOP to a worker', limit: OVERRUN, commit: (run) => kill(run, 'worker', 'SIGSTOP') },
  { name: 'SIGSTOP to the front', limit: REPLACED, commit: (run) => kill(run, 'front', 'SIGSTOP') },
  { name: 'SIGHUP, five times', limit: REPLACED, commit: hangUp },
  { name: 'a rotation of keys', limit: REPLACED, commit: rotate },
];

export async function failures(run: Run): Promise<void> {
  const guesses = run.loads.start(
    'guesses',
    { clients: 8, net: 36, moveAfter: 5, people: run.people },
    '8 clients with wrong passwords',
  );
  for (const { name, limit, commit } of ACTS) {
    await wait(2_000);
    const began = performance.now();
    await commit(run);
    await serves(run);
    run.recoveries.push({ act: name, seconds: (performance.now() - began) / 1000, limit });
  }
  await guesses.stop();
}

/** The youngest: the oldest idle worker is the next to get a login. Resolves when the process is gone. */
async function kill({ daemon }: Run, name: 'front' | 'worker', signal: NodeJS.Signals): Promise<void> {
  const pid = daemon.children(name).at(-1);
  if (pid === undefined) throw new Error(`there is no ${name}`);
  process.kill(pid, signal);
  await until(() => !isAlive(pid));
}

async function hangUp({ daemon }: Run): Promise<void> {
  for (let count = 0; count < 5; count += 1) {
    process.kill(daemon.pid, 'SIGHUP');
    await wait(200);
  }
}

/** A fresh key signs in the end; tokens of the old one stay good, as the probe's reviews show. */
async function rotate(run: Run): Promise<void> {
  const { scene, innocent, target } = run;
  const signingKey = () => readFileSync(join(scene.dir, 'tls', 'signing-key.pem'), 'utf8');
  const before = signingKey();
  const args = ['keys', 'rotate', '--dir', join(scene.dir, 'tls'), '--publish-for', '3s', '--max-lifetime', '1h'];
  const headOf = async () => {
    const credentials = `${innocent.user}:${innocent.password}`;
    const answer = await ask(target, '/token', { source: '127.0.0.6', credentials });
    const [head = ''] = typeof answer === 'string' ? [] : answer.body.split('.');
    return head;
  };
  const old = await headOf();
  while (signingKey() === before) {
    const { code, stderr } = await pamhook(args, scene.env);
    if (code !== 0) throw new Error(`keys rotate: ${stderr}`);
    await wait(1_000);
  }
  await until(async () => !['', old].includes(await headOf()));
}

/** Resolves when a heartbeat and the logins of all are answered with yes. */
async function serves(run: Run): Promise<void> {
  await until(async () => {
    const answer = await ask(run.target, '/heartbeat', { source: '127.0.0.6' });
    if (typeof answer === 'string' || answer.status !== 200) return false;
    return freshTokens({ ...run, people: run.people.slice(0, 8) }).then(
      () => true,
      () => false,
    );
  });
}
