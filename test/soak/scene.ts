/** The daemon of the soak, as it ships: as root with accounts of the throw-away root and a front that has dropped, else with PAM and NSS of a scene. */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, MATRIX_SERVICE, type Scene, setScene, startDaemon } from '../daemon/daemon-harness.js';
import type { Ending } from '../harness/scratch.js';
import { outside } from '../harness/throw-away-root.js';
import { install, setMachine, sh } from '../pam.d-examples/machine.js';
import type { Target } from './client.js';
import type { Person } from './load/load.js';

export interface Stage {
  readonly scene: Scene;
  readonly daemon: Daemon;
  readonly target: Target;
  /** Who only logs in. */
  readonly innocent: Person;
  /** Whose names are known to attackers, the innocent's too. */
  readonly people: readonly Person[];
  /** Many others, whom nobody attacks. */
  readonly crowd: readonly Person[];
  /** A copy of Node for the loads. */
  readonly node: string;
}

const PASSWORD = 'Passw0rd!';
const COUNT = 64;

/** Of the crowd, one in so many has a hash as slow as those of the people; for all of them ten minutes are too short. */
const SLOW = 8;

/** What a daemon in a cluster would be started with; all limits and times as they ship. */
const FLAGS = [
  '-pam-worker-nice',
  '10',
  '-refusal-delay',
  '3s',
  '-token-expires-in',
  '60',
  '-audience',
  'https://kubernetes.default.svc',
];

export async function setStage(t: Ending): Promise<Stage> {
  const people = personsNamed('person');
  const crowd = personsNamed('crowd');
  const scene = await (outside ? setWrapped(t, [...people, ...crowd]) : setRoot(t, people, crowd));
  const verification = join(scene.dir, 'tls', 'verification');
  const daemon = await startDaemon(t, scene, [...FLAGS, '-verification-key-files', verification]);
  const node = join(scene.dir, 'node');
  copyFileSync(process.execPath, node);
  const ca = readFileSync(join(scene.dir, 'tls', 'ca.crt'), 'utf8');
  const [innocent = { user: '', password: '' }] = people;
  return { scene, daemon, target: { port: daemon.port, ca }, innocent, people, crowd, node };
}

function personsNamed(name: string): Person[] {
  return Array.from({ length: COUNT }, (_, index) => ({ user: `${name}${index}`, password: PASSWORD }));
}

/** Accounts that pam_unix checks, with the hashes that the system makes (yescrypt on Debian); the account pamhook for the front. */
async function setRoot(t: Ending, people: readonly Person[], crowd: readonly Person[]): Promise<Scene> {
  const scene = await setMachine(t);
  const all = [...people, ...crowd];
  const quick = crowd.filter((_, index) => index % SLOW !== 0);
  const lines = (persons: readonly Person[]) => persons.map(({ user, password }) => `${user}:${password}`).join('\n');
  sh(`useradd --system pamhook
    groupadd developers
    for user in ${all.map(({ user }) => user).join(' ')}; do useradd -M -G developers $user; done
    chpasswd <<< '${lines(all)}'
    chpasswd --crypt-method SHA512 <<< '${lines(quick)}'`);
  install('debian', '/etc/pam.d/pamhook');
  return scene;
}

function setWrapped(t: Ending, people: readonly Person[]): Promise<Scene> {
  return setScene(t, {
    passwords: Object.fromEntries(people.map(({ user, password }) => [user, password])),
    service: MATRIX_SERVICE,
    passwd: people.map(({ user }, index) => `${user}:x:${20_001 + index}:20001::/:/bin/sh`),
    group: ['people:x:20001:', `developers:x:20002:${people.map(({ user }) => user).join()}`],
  });
}
