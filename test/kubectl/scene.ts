/** A daemon and a person's account on a machine from which it is used: the client commands as they ship, with a home of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Daemon,
  type Ended,
  MAIN,
  type Scene,
  type SceneOptions,
  setScene,
  startDaemon,
} from '../daemon/daemon-harness.js';
import type { Ending } from '../harness/scratch.js';
import { atTerminal, type Person } from './terminal.js';

export const PLUGIN = fileURLToPath(new URL('../../../dist/kubectl/main.js', import.meta.url));

export interface Client {
  readonly scene: Scene;
  readonly daemon: Daemon;
  readonly server: string;
  readonly home: string;
  /** Where tokens and locks are. */
  readonly kept: string;
  /** What every command runs with: a home, and nothing of this test's. */
  readonly env: NodeJS.ProcessEnv;
  /** Flags that name the daemon and alice. */
  readonly flags: readonly string[];
  /** A command of `pamhook` to its end, without a terminal. */
  run(args: readonly string[], options?: { env?: NodeJS.ProcessEnv; input?: string }): Promise<Ended>;
  /** The same, with a person at a terminal. */
  type(args: readonly string[], options?: { env?: NodeJS.ProcessEnv; input?: string }): Person;
}

export async function setClient(
  t: Ending,
  options: SceneOptions & { readonly daemonFlags?: readonly string[] } = {},
): Promise<Client> {
  const scene = await setScene(t, options);
  const daemon = await startDaemon(t, scene, options.daemonFlags);
  return clientOf(t, scene, daemon);
}

export function clientOf(t: Ending, scene: Scene, daemon: Daemon): Client {
  const home = join(scene.dir, 'home');
  mkdirSync(home, { recursive: true });
  const server = `https://localhost:${daemon.port}`;
  const env = { PATH: process.env['PATH'], HOME: home, NODE_TEST_CONTEXT: undefined };
  const ca = join(scene.dir, 'tls', 'ca.crt');
  return {
    scene,
    daemon,
    server,
    home,
    kept: join(home, '.cache', 'pamhook'),
    env,
    flags: ['--server', server, '--certificate-authority', ca, '--username', 'alice', '--cache', 'file'],
    run: (args, { env: more = {}, input = '' } = {}) =>
      withoutTerminal(t, [process.execPath, MAIN, ...args], { ...env, ...more }, input),
    type: (args, { env: more = {}, ...rest } = {}) =>
      atTerminal(t, [process.execPath, MAIN, ...args], { env: { ...env, ...more }, ...rest }),
  };
}

/** In a session of its own, which has no terminal; gone when the test ends. */
export async function withoutTerminal(
  t: Ending,
  [command = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
  input = '',
): Promise<Ended> {
  const child = spawn(command, args, { env, detached: true, stdio: 'pipe' });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  child.stdin.on('error', () => {}).end(input);
  t.after(() => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}
