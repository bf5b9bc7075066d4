/** A daemon and a person's account on a machine from which it is used: the client commands as they ship, with a home of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  auditLines,
  type Daemon,
  type Ended,
  MAIN,
  type Scene,
  type SceneOptions,
  setScene,
  startDaemon,
} from '../daemon/daemon-harness.js';
import { inCommon } from '../harness/in-common.js';
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
  /** How many lines with this event the audit log has got since. */
  audited(event: string): number;
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

const host = inCommon(async (t) => {
  const scene = await setScene(t);
  return { scene, daemon: await startDaemon(t, scene) };
});

/** A client whose daemon has other tests of the file for guests too: for those that send it no wrong password, and leave it as it is. */
export async function setGuest(t: Ending): Promise<Client> {
  const { scene, daemon } = await host();
  return clientOf(t, scene, daemon);
}

export function clientOf(t: Ending, scene: Scene, daemon: Daemon): Client {
  const home = mkdtempSync(join(scene.dir, 'home-'));
  const before = auditLines(scene).length;
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
    audited: (event) =>
      auditLines(scene)
        .slice(before)
        .filter((line) => line['event'] === event).length,
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
