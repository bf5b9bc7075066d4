/** Guesses at passwords, from other addresses than the innocent's, and what they are worth. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  ALICE,
  type Answer,
  auditLines,
  type Daemon,
  MATRIX_SERVICE,
  type Scene,
  setScene,
  startDaemon,
  until,
} from './daemon-harness.js';

const INNOCENT = '127.0.0.1';
const ATTACKER = '127.0.0.2';
const passwords = Object.fromEntries(['alice', 'bob', 'expired', 'broken'].map((name) => [name, 'secret']));
const passwd = [ALICE, ...['bob', 'expired', 'broken'].map((name, at) => `${name}:x:${20011 + at}:20001::/:/bin/sh`)];
const SPENT_FOR_AN_HOUR = { least: 3_000, most: 3_600 };

/** A bound of an hour tells a test more surely than a wait of a second, which a slow machine may sit out. */
const perHour = (failures: number) => ['-login-failures-per-hour', `${failures}`];
const bySource = (failures: number) => ['-source-failures-per-hour', `${failures}`];

function assertThrottled(answer: Answer, { least, most } = SPENT_FOR_AN_HOUR): void {
  assert.equal(answer.status, 429, answer.body);
  assert.equal(answer.body, 'Too many failed logins');
  const seconds = Number(answer.headers['retry-after']);
  assert.ok(seconds >= least && seconds <= most, `Retry-After: ${seconds}`);
}

async function statuses(logins: readonly (() => Promise<Answer>)[]): Promise<number[]> {
  const found: number[] = [];
  for (const login of logins) found.push((await login()).status);
  return found;
}

const repeat = (count: number, login: () => Promise<Answer>) => statuses(Array(count).fill(login));

/** The PAM transactions for a login, by event. */
function transactions(scene: Scene, event: string): number {
  return auditLines(scene).filter((line) => line['event'] === event).length;
}

const forwarded = (...clients: string[]) => ({ headers: { 'x-forwarded-for': clients.join(', ') } });

describe('failed logins', () => {
  it('of one account from one address are five, then wait: 429, before PAM, also for the right password', async (t) => {
    const scene = await setScene(t, { passwords, passwd });
    const daemon = await startDaemon(t, scene);
    const guess = (password: string) => daemon.login('alice', password, { from: ATTACKER });
    const failed: Answer[] = [];
    let answer = await guess('wrong');
    // On a slow machine some waits are over before the next guess; they get longer.
    for (; answer.status === 401 && failed.length < 50; answer = await guess('wrong')) failed.push(answer);
    assert.ok(failed.length >= 5, `${failed.length} failures`);
    assertThrottled(answer, { least: 1, most: 15 });
    assert.deepEqual(
      await statuses([
        () => daemon.login('alice', 'secret', { from: INNOCENT }),
        () => daemon.login('bob', 'secret', { from: ATTACKER }),
      ]),
      [200, 200],
    );
    assert.equal(transactions(scene, 'token.refused'), failed.length);
    // The count is cleared then: five more are free.
    await until(async () => (await guess('secret')).status === 200);
    assert.deepEqual(await repeat(5, () => guess('wrong')), Array(5).fill(401));
  });

  it('of one account are as many as may be, also when guesses come side by side and from a front that died', async (t) => {
    const scene = await setScene(t, { passwords, passwd });
    const daemon = await startDaemon(t, scene, perHour(5));
    const guesses = Array.from({ length: 40 }, (_, at) => {
      const spelling = ['alice', 'ALICE', 'alice@example.org', 'x\\Alice', ' alice'][at % 5] ?? '';
      return daemon.login(spelling, `wrong-${at}`, { from: ATTACKER });
    });
    const answers = await Promise.all(guesses);
    assert.deepEqual(
      [401, 429].map((status) => answers.filter((answer) => answer.status === status).length),
      [5, 35],
    );
    const [front = 0] = daemon.children('front');
    process.kill(front, 'SIGKILL');
    await daemon.logged('the front accepts connections again');
    assertThrottled(await daemon.login('alice', 'secret', { from: ATTACKER }));
    assert.equal((await daemon.login('alice', 'secret', { from: INNOCENT })).status, 200);
    await daemon.stop();
    assert.equal(transactions(scene, 'token.refused'), 5);
    const throttled = auditLines(scene).filter(({ event }) => event === 'token.throttled');
    assert.equal(
      throttled.reduce((sum, { count }) => sum + Number(count), 0),
      36,
    );
    assert.ok(throttled.every(({ source, user }) => source === ATTACKER && typeof user === 'string'));
    assert.equal(auditLines(scene).at(-1)?.['event'], 'daemon.stopped');
  });

  it('of all accounts from one address are bounded too, and a success in between clears none of the others', async (t) => {
    const scene = await setScene(t, { passwords, passwd });
    const daemon = await startDaemon(t, scene, bySource(3));
    const found: number[] = [];
    for (const name of ['a', 'b', 'c']) {
      found.push((await daemon.login(name, 'wrong', { from: ATTACKER })).status);
      if (name !== 'c') found.push((await daemon.login('bob', 'secret', { from: ATTACKER })).status);
    }
    assert.deepEqual(found, [401, 200, 401, 200, 401]);
    const throttled = [
      await daemon.login('alice', 'secret', { from: ATTACKER }),
      await daemon.login('alice', 'wrong', { from: ATTACKER }),
      await daemon.login('nobody-of-that-name', 'wrong', { from: ATTACKER }),
      await daemon.login('bob', 'secret', { from: ATTACKER }),
    ];
    for (const answer of throttled) assertThrottled(answer);
    const others = Array.from({ length: 20 }, (_, at) => daemon.login('alice', 'wrong', { from: `127.0.1.${at}` }));
    assert.ok((await Promise.all(others)).every(({ status }) => status === 401));
    assert.equal((await daemon.login('alice', 'secret', { from: INNOCENT })).status, 200);
  });

  it('are what counts, and a missing response with them: no success, no 503, no refusal after the right password', async (t) => {
    const scene = await setScene(t, {
      passwords,
      passwd,
      service: [
        'auth [success=ignore default=1] pam_succeed_if.so quiet user = broken',
        'auth requisite pam_debug.so auth=authinfo_unavail',
        'auth requisite MATRIX',
        'auth [success=ignore default=1] pam_succeed_if.so quiet user = bob',
        'auth requisite MATRIX',
        'auth required pam_permit.so',
        'account [success=ignore default=1] pam_succeed_if.so quiet user = expired',
        'account requisite pam_debug.so acct=acct_expired',
        'account required MATRIX',
      ],
    });
    const daemon = await startDaemon(t, scene, perHour(2));
    const login = (user: string, password: string, from: string, headers = {}) =>
      daemon.login(user, password, { from, headers });
    const second = { 'x-pamhook-response': Buffer.from('secret').toString('base64') };

    assert.deepEqual(await repeat(4, () => login('alice', 'secret', '127.0.0.3')), Array(4).fill(200));
    assert.deepEqual(await repeat(4, () => login('broken', 'secret', '127.0.0.3')), Array(4).fill(503));
    const refused = await Promise.all(Array.from({ length: 2 }, () => login('expired', 'secret', '127.0.0.3')));
    assert.deepEqual(
      refused.map(({ body }) => body),
      Array(2).fill('Authentication failure: account expired'),
    );
    // Nor do they clear: one failure, one right password, one failure.
    const found = await statuses([
      () => login('expired', 'wrong', '127.0.0.3'),
      () => login('expired', 'secret', '127.0.0.3'),
      () => login('expired', 'wrong', '127.0.0.3'),
    ]);
    assert.deepEqual(found, [401, 401, 401]);
    assertThrottled(await login('expired', 'secret', '127.0.0.3'));

    for (let turn = 0; turn < 3; turn++) {
      assert.equal((await login('bob', 'secret', '127.0.0.3')).body, 'Additional response required');
      assert.equal((await login('bob', 'secret', '127.0.0.3', second)).status, 200);
    }
    assert.deepEqual(await repeat(2, () => login('bob', 'secret', ATTACKER)), [401, 401]);
    assertThrottled(await login('bob', 'secret', ATTACKER, second));
  });

  it('are not counted with login-limits off', async (t) => {
    const scene = await setScene(t, { passwords, passwd });
    const daemon = await startDaemon(t, scene, ['-login-limits', 'off']);
    const guesses = Array.from({ length: 120 }, () => daemon.login('alice', 'wrong', { from: ATTACKER }));
    assert.ok((await Promise.all(guesses)).every(({ status }) => status === 401));
  });
});

describe('the source of a login', () => {
  /** PAM_RHOST of each transaction. */
  async function startTelling(t: Parameters<typeof setScene>[0], flags: readonly string[]) {
    const scene = await setScene(t, { passwords, passwd });
    const [script, told] = [join(scene.dir, 'tell'), join(scene.dir, 'rhosts')];
    writeFileSync(script, `#!/bin/sh\necho "$PAM_RHOST" >> ${told}\n`, { mode: 0o755 });
    scene.service([`auth optional pam_exec.so quiet ${script}`, ...MATRIX_SERVICE]);
    const daemon = await startDaemon(t, scene, flags);
    const hosts = () => (existsSync(told) ? readFileSync(told, 'utf8').trimEnd().split('\n') : []);
    return { scene, daemon, hosts };
  }

  it('is what a trusted proxy says, for limits, audit log and PAM_RHOST, and nobody else is believed', async (t) => {
    const proxy = '127.0.0.9';
    const flags = ['-trusted-proxies', `${proxy},10.0.0.0/8`, ...perHour(1)];
    const { scene, daemon, hosts } = await startTelling(t, flags);
    const via = (password: string, ...clients: string[]) =>
      daemon.login('alice', password, { from: proxy, ...forwarded(...clients) });

    assert.equal((await via('wrong', '198.51.100.7')).status, 401);
    assertThrottled(await via('secret', '198.51.100.7'));
    assertThrottled(await via('secret', '203.0.113.66', '198.51.100.7'));
    assertThrottled(await via('secret', '203.0.113.66', '::ffff:c633:6407', '10.1.1.1'));
    assert.equal((await via('secret', '198.51.100.8')).status, 200);
    assert.equal((await via('wrong', '2001:DB8::7')).status, 401);
    assertThrottled(await via('secret', '2001:db8::8'));
    assert.equal((await via('secret', '2001:db8:0:1::7')).status, 200);
    assert.equal((await via('secret', '::ffff:192.0.2.1')).status, 200);
    assert.equal((await via('secret', '198.51.100.9, unknown')).status, 200);
    assert.equal((await daemon.login('alice', 'secret', { from: proxy })).status, 200);

    const spoofing = (client: string) => daemon.login('alice', 'wrong', { from: ATTACKER, ...forwarded(client) });
    assert.equal((await spoofing('198.51.100.20')).status, 401);
    assertThrottled(await spoofing('198.51.100.21'));

    const sources = ['198.51.100.7', '198.51.100.8', '2001:db8::7', '2001:db8:0:1::7', '192.0.2.1'];
    sources.push(proxy, proxy, ATTACKER);
    assert.deepEqual(hosts(), sources);
    const audited = auditLines(scene).filter(({ event }) => event === 'token.issued' || event === 'token.refused');
    assert.deepEqual(
      audited.map(({ source }) => source),
      sources,
    );
  });

  it('is IPv4 on a socket for both families too, where the peer is an IPv4-mapped address', async (t) => {
    const { scene, daemon, hosts } = await startTelling(t, ['-bind-address=', ...perHour(1)]);
    assert.equal((await daemon.login('alice', 'wrong', { from: ATTACKER })).status, 401);
    assertThrottled(await daemon.login('alice', 'secret', { from: ATTACKER }));
    assert.equal((await daemon.login('alice', 'secret', { from: INNOCENT })).status, 200);
    assert.deepEqual(hosts(), [ATTACKER, INNOCENT]);
    assert.equal(auditLines(scene).at(-1)?.['source'], INNOCENT);
  });
});

describe('a flood of guesses from one address', () => {
  it('is answered 429 or cut off, makes no flood in the audit log, and others are served meanwhile', async (t) => {
    const scene = await setScene(t, { passwords, passwd });
    const daemon = await startDaemon(t, scene, perHour(1));
    const ends: (number | 'cut off')[] = [];
    const began = performance.now();
    let flooding = true;
    const client = async (at: number) => {
      while (flooding || ends.length < 200) ends.push(await endOf(daemon, `user-${at}`));
    };
    const clients = Array.from({ length: 80 }, (_, at) => client(at));
    await until(() => ends.filter((end) => end === 429).length >= 80);
    for (let login = 0; login < 5; login++) {
      assert.equal((await daemon.login('alice', 'secret', { from: INNOCENT })).status, 200);
    }
    flooding = false;
    await Promise.all(clients);
    assert.deepEqual(new Set([...ends, 'cut off']), new Set([401, 429, 'cut off']));
    await daemon.stop();
    const lines = auditLines(scene).filter(({ event }) => event === 'token.throttled');
    const turnedAway = ends.filter((end) => end !== 401).length;
    assert.equal(
      lines.reduce((sum, { count }) => sum + Number(count), 0),
      turnedAway,
    );
    const intervals = 1 + Math.ceil((performance.now() - began) / 10_000);
    assert.ok(lines.length <= 9 * intervals, `${lines.length} lines for ${turnedAway} logins`);
  });
});

async function endOf(daemon: Daemon, user: string): Promise<number | 'cut off'> {
  try {
    return (await daemon.login(user, 'wrong', { from: ATTACKER })).status;
  } catch {
    return 'cut off';
  }
}
