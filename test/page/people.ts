/** A daemon with an account for everything that can happen to a login. */
import { ALICE, type Daemon, MATRIX_SERVICE, type Scene, setScene, startDaemon } from '../daemon/daemon-harness.js';
import { compileShared } from '../harness/compile.js';
import type { Ending } from '../harness/scratch.js';

/** Whose account phase, or whose password, PAM answers with this code. */
const CODES = { expired: 'acct=acct_expired', stale: 'acct=new_authtok_reqd', barred: 'acct=perm_denied' };
const NAMES = ['broken', 'careful', 'stepwise', 'coded', 'guessed', ...Object.keys(CODES)];

export const HELP = 'Set a new one at https://id.example.org/password, or ask at the desk.';

export interface People {
  readonly scene: Scene;
  readonly daemon: Daemon;
}

/** Each has the password `secret`. `flagsIn`: further flags of the daemon, for what is in the scene's directory. */
export async function startWithPeople(
  t: Ending,
  flagsIn: (dir: string) => readonly string[] = () => [],
): Promise<People> {
  const passwords = Object.fromEntries(['alice', ...NAMES].map((name) => [name, 'secret']));
  const passwd = [ALICE, ...NAMES.map((name, index) => `${name}:x:${20010 + index}:20001::/:/bin/sh`)];
  const scene = await setScene(t, { passwords, passwd });
  const asks = compileShared(scene.dir, 'pam_asks.c', ['pam']);
  const [auth = '', account = ''] = MATRIX_SERVICE;
  scene.service([
    ...only('auth', 'broken', 'auth=authinfo_unavail'),
    auth.replace('required', 'requisite'),
    `auth required ${asks}`,
    ...Object.entries(CODES).flatMap(([user, code]) => only('account', user, code)),
    `account optional ${asks}`,
    account,
  ]);
  const audiences = 'https://kubernetes.default.svc,https://vault.example.org';
  const daemon = await startDaemon(t, scene, [
    ...['-audience', audiences, '-max-lifetime', '24h', '-server-name', 'https://pamhook.example.org'],
    ...['-password-help', HELP, ...flagsIn(scene.dir)],
  ]);
  return { scene, daemon };
}

function only(phase: string, user: string, code: string): readonly string[] {
  return [
    `${phase} [success=ignore default=1] pam_succeed_if.so quiet user = ${user}`,
    `${phase} requisite pam_debug.so ${code}`,
  ];
}
