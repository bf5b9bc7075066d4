/** A day with a directory: slapd and SSSD as Debian packages them, teams within teams, people who come, change and go. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import { type Daemon, startDaemon, until } from '../daemon/daemon-harness.js';
import { enterThrowAwayRoot, outside } from '../harness/throw-away-root.js';
import {
  fillDirectory,
  installPackages,
  type Person,
  signalSlapd,
  startDirectory,
  startSlapd,
  stopDirectory,
  TEAMS_ONLY,
  type Team,
} from '../pam.d-examples/directory.js';
import { addUser, brief, install, PASSWORD, setMachine, sh } from '../pam.d-examples/machine.js';

if (outside && process.getuid?.() !== 0)
  throw new Error('make e2e-ldap is for root: it installs packages in a root that it throws away');
enterThrowAwayRoot(import.meta.url);

const MANY = 500;
const YESTERDAY = Math.floor(Date.now() / 86_400_000) - 1;

/** What SSSD keeps it asks for again soon, and soon it takes a directory for one that is away. */
const SSSD = {
  domain: [
    ...TEAMS_ONLY,
    'cache_credentials = true',
    'entry_cache_timeout = 5',
    'ldap_search_timeout = 3',
    'ldap_opt_timeout = 3',
    'ldap_network_timeout = 3',
    'offline_timeout = 1',
    'offline_timeout_random_offset = 0',
  ],
  nss: ['memcache_timeout = 1', 'entry_negative_timeout = 1'],
};

/** dora is in a team in a team in a team, finn in very many, edna's account is over, hana and ivan are known, but never came. */
const PEOPLE: readonly Person[] = [
  { name: 'dora', uid: 30001 },
  { name: 'edna', uid: 30002, expires: YESTERDAY },
  { name: 'finn', uid: 30003 },
  { name: 'gita', uid: 30004 },
  { name: 'hana', uid: 30005 },
  { name: 'ivan', uid: 30006 },
];
const STAFF: Team = { name: 'staff', gid: 30000, people: PEOPLE.map(({ name }) => name) };
const NESTED: readonly Team[] = [
  { name: 'inner', gid: 31001, people: ['dora'] },
  { name: 'middle', gid: 31002, teams: ['inner'] },
  { name: 'outer', gid: 31003, teams: ['middle'] },
];
const CROWD: readonly Team[] = Array.from({ length: MANY }, (_, index) => ({
  name: `crowd-${index}`,
  gid: 32000 + index,
  people: ['finn'],
}));
/** By the other schema, which SSSD does not read here; people have its gid, which is that of the team `staff`. */
const PRIMARY = ['unread', 30000] as const;

const DORAS = 'inner,middle,outer,staff';
const FINNS = ['staff', ...CROWD.map(({ name }) => name)].toSorted().join();

async function seen(daemon: Daemon, token: string): Promise<string> {
  const { status, review } = await daemon.review(token);
  if (review.status.authenticated) return review.status.user?.groups.toSorted().join() ?? '';
  return status === 200 ? 'no' : 'could not check';
}

async function tokenOf(daemon: Daemon, user: string): Promise<string> {
  const { status, body } = await daemon.login(user, PASSWORD);
  assert.equal(status, 200, `${user}: ${body}`);
  return body.trim();
}

/** The directory has other entries from now on. */
function refill(people: readonly Person[], teams: readonly Team[]): void {
  signalSlapd('TERM');
  fillDirectory(people, ...PRIMARY, teams);
  startSlapd();
}

async function serve(t: TestContext): Promise<Daemon> {
  const scene = await setMachine(t);
  startDirectory(join(scene.dir, 'tls'), PEOPLE, ...PRIMARY, SSSD, [STAFF, ...NESTED, ...CROWD]);
  await until(() => sh('getent passwd dora || true') !== '');
  return startDaemon(t, scene, ['-identity-cache-ttl', '0s', '-identity-timeout', '14s', '-pam-timeout', '15s']);
}

describe('a directory', () => {
  before(() => {
    installPackages();
    addUser('local');
    install('sssd', '/etc/pam.d/pamhook');
  });

  it('has people who log in, change, go, and it stops and hangs', { timeout: 240_000 }, async (t) => {
    const daemon = await serve(t);
    const isSeen = (token: string, groups: string) => until(async () => (await seen(daemon, token)) === groups);

    await t.test('teams within teams, and hundreds of them, cold and warm', async (step) => {
      const before = performance.now();
      const finn = await tokenOf(daemon, 'finn');
      step.diagnostic(`${MANY + 1} groups, login, SSSD knows nothing: ${Math.round(performance.now() - before)} ms`);
      for (const what of ['review', 'review again']) {
        const start = performance.now();
        const groups = await seen(daemon, finn);
        assert.equal(groups.split(',').length, MANY + 1);
        assert.ok(groups === FINNS);
        step.diagnostic(`${MANY + 1} groups, ${what}: ${Math.round(performance.now() - start)} ms`);
      }
      assert.equal(await seen(daemon, await tokenOf(daemon, 'dora')), DORAS);
    });

    await t.test('an account that is over, for whoever knows its password', async () => {
      const { status, body } = await daemon.login('edna', PASSWORD);
      assert.deepEqual([status, body], [401, 'Authentication failure: account expired']);
      assert.deepEqual(brief(await daemon.login('edna', 'wrong')), [401, 'Authentication failure']);
    });

    const othersGoOn = async () => {
      assert.equal(await seen(daemon, await tokenOf(daemon, 'local')), 'local');
      assert.deepEqual(brief(await daemon.login('local', 'wrong')), [401, 'Authentication failure']);
      assert.equal((await daemon.ask('/heartbeat')).status, 200);
    };
    const [dora, gita] = [await tokenOf(daemon, 'dora'), await tokenOf(daemon, 'gita')];
    await isSeen(gita, 'staff');
    sh('getent passwd hana ivan');
    await t.test('stopped, SSSD knows who was there, and their passwords', async () => {
      stopDirectory();
      await until(async () => {
        const { status } = await daemon.login('dora', PASSWORD);
        assert.notEqual(status, 401);
        return status === 200;
      });
      assert.deepEqual(brief(await daemon.login('dora', 'wrong')), [401, 'Authentication failure']);
      assert.equal(await seen(daemon, dora), DORAS);
      await othersGoOn();
      startSlapd();
      await until(async () => (await daemon.login('hana', PASSWORD)).status === 200);
      assert.equal(await seen(daemon, dora), DORAS);
    });

    await t.test('hung, nobody is refused whose password SSSD has', async () => {
      signalSlapd('STOP');
      const { status } = await daemon.login('dora', PASSWORD);
      assert.ok(status === 200 || status === 503, `${status}`);
      assert.equal(await seen(daemon, dora), DORAS);
      await othersGoOn();
      signalSlapd('CONT');
      await until(async () => (await daemon.login('ivan', PASSWORD)).status === 200);
      assert.equal(await seen(daemon, dora), DORAS);
    });

    await t.test('a team left is a group gone, and who left is a no', async () => {
      const people = PEOPLE.filter(({ name }) => name !== 'gita');
      const teams = [STAFF, ...NESTED.slice(0, 1)];
      refill(people, teams);
      await isSeen(dora, 'inner,staff');
      await isSeen(gita, 'no');
      refill([...people, { name: 'gita', uid: 39998 }], teams);
      await until(() => sh('getent passwd gita || true').includes(':39998:'));
      assert.equal(await seen(daemon, gita), 'no', 'another account of the same name');
      await isSeen(await tokenOf(daemon, 'gita'), 'staff');
    });
  });
});
