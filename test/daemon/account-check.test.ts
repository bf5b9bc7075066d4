/** Reviews that ask PAM's account phase, by a daemon with real PAM modules. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { compile } from './compile.js';
import { ALICE, auditLines, type Daemon, setScene, startDaemon, until } from './daemon-harness.js';

const REVIEW = ['-review-account-check', '-account-check-service', 'pamhook-review'];

async function tokenOf(daemon: Daemon, user = 'alice'): Promise<string> {
  const { status, body } = await daemon.login(user, 'secret');
  assert.equal(status, 200);
  return body.trim();
}

const isYes = async (daemon: Daemon, token: string) => (await daemon.review(token)).review.status.authenticated;

/** A scene in which accounts can be locked, and each question to the account phase of reviews is counted. */
async function setLockableScene(t: TestContext) {
  const scene = await setScene(t);
  const [locked, asked] = [join(scene.dir, 'locked'), join(scene.dir, 'asked')];
  const lock = (...names: string[]) => writeFileSync(locked, names.map((name) => `${name}\n`).join(''));
  lock();
  scene.service(
    [
      'auth required pam_deny.so',
      `account optional pam_exec.so quiet log=${asked} /bin/echo asked`,
      `account required pam_listfile.so item=user sense=deny onerr=fail file=${locked}`,
    ],
    'pamhook-review',
  );
  const count = () =>
    existsSync(asked)
      ? readFileSync(asked, 'utf8')
          .split('\n')
          .filter((line) => line === 'asked').length
      : 0;
  return { scene, lock, count };
}

/** A daemon whose account phase at reviews has a module that hangs or crashes for the users of those names. */
async function startTroubled(t: TestContext, flags: readonly string[] = []) {
  const names = ['alice', 'hang', 'hang2', 'hang3', 'hang4', 'hang5', 'crash', 'service'];
  const passwords = Object.fromEntries(names.map((name) => [name, 'secret']));
  const passwd = names.slice(1).map((name, index) => `${name}:x:${20050 + index}:20001::/:/bin/sh`);
  const scene = await setScene(t, { passwords, passwd: [ALICE, ...passwd] });
  const began = join(scene.dir, 'began');
  scene.service(
    [
      `account optional pam_exec.so quiet log=${began} /bin/echo began`,
      `account required ${compile('pam_trouble', scene.dir, ['-lpam'])}`,
      'account required pam_permit.so',
    ],
    'pamhook-review',
  );
  const daemon = await startDaemon(t, scene, [...REVIEW, '-pam-timeout', '4s', ...flags]);
  return { scene, daemon, began: () => until(() => existsSync(began) && /^began$/m.test(readFileSync(began, 'utf8'))) };
}

describe('the account check at review', { timeout: 120_000 }, () => {
  it('makes a locked account a no when the ttl is over, and a yes again', async (t) => {
    const { scene, lock } = await setLockableScene(t);
    const daemon = await startDaemon(t, scene, [...REVIEW, '-account-check-ttl', '1s']);
    const token = await tokenOf(daemon);
    assert.equal(await isYes(daemon, token), true);
    lock('alice');
    await until(async () => !(await isYes(daemon, token)));
    const { status, review } = await daemon.review(token);
    assert.equal(status, 200);
    assert.deepEqual(review.status, { authenticated: false });
    lock('bob');
    await until(() => isYes(daemon, token));
    await daemon.stop();
    const counted = auditLines(scene).filter(({ event }) => event === 'review.refused');
    assert.deepEqual(
      counted.map(({ reason, source }) => [reason, source]),
      [['account not allowed', '127.0.0.1']],
    );
  });

  it('asks once for as long as the ttl, and an answer holds so long', async (t) => {
    const { scene, lock, count } = await setLockableScene(t);
    const daemon = await startDaemon(t, scene, [...REVIEW, '-account-check-ttl', '10m']);
    const token = await tokenOf(daemon);
    assert.equal(await isYes(daemon, token), true);
    lock('alice');
    assert.equal(await isYes(daemon, token), true);
    assert.equal(count(), 1);
  });

  it('asks once for twenty simultaneous reviews of one user', async (t) => {
    const { scene, count } = await setLockableScene(t);
    const daemon = await startDaemon(t, scene, REVIEW);
    const tokens = [await tokenOf(daemon), await tokenOf(daemon)];
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => isYes(daemon, tokens[n % 2] ?? '')));
    assert.deepEqual(new Set(answers), new Set([true]));
    assert.equal(count(), 1);
  });

  it('that is off asks nothing: a token is good until it ends', async (t) => {
    const { scene, lock, count } = await setLockableScene(t);
    const daemon = await startDaemon(t, scene);
    const token = await tokenOf(daemon);
    lock('alice');
    assert.equal(await isYes(daemon, token), true);
    assert.equal(count(), 0);
  });

  it('asks the service of the logins where no other is named', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, ['-review-account-check', '-account-check-ttl', '1s']);
    const token = await tokenOf(daemon);
    assert.equal(await isYes(daemon, token), true);
    scene.service(['auth required MATRIX', 'account required pam_deny.so']);
    await until(async () => !(await isYes(daemon, token)));
  });

  it('that PAM cannot answer is a could-not-check, and the next review asks again', async (t) => {
    const scene = await setScene(t);
    const service = (code: string) => scene.service([`account required pam_debug.so acct=${code}`], 'pamhook-review');
    service('authinfo_unavail');
    const daemon = await startDaemon(t, scene, REVIEW);
    const token = await tokenOf(daemon);
    const { status, review } = await daemon.review(token);
    assert.equal(status, 500);
    assert.equal(review.status.authenticated, false);
    assert.match(review.status.error ?? '', /ERR_PAM_UNAVAILABLE/);
    service('success');
    assert.equal(await isYes(daemon, token), true);
  });

  it('that hangs is a could-not-check after pam-timeout, and holds up no login however many hang', async (t) => {
    const { daemon, began } = await startTroubled(t);
    const users = ['hang', 'hang2', 'hang3', 'hang4', 'hang5'];
    const tokens = [];
    for (const user of users) tokens.push(await tokenOf(daemon, user));
    let answered = 0;
    const reviews = tokens.map(async (token) => {
      const answer = await daemon.review(token);
      answered += 1;
      return answer;
    });
    await began();
    assert.equal((await daemon.ask('/heartbeat')).status, 200);
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
    assert.equal(answered, 0, 'the login waited for a review');
    for (const { status, review } of await Promise.all(reviews)) {
      assert.equal(status, 500);
      assert.match(review.status.error ?? '', /ERR_LOGIN_(OVERRUN|UNAVAILABLE)/);
    }
    assert.equal(await isYes(daemon, await tokenOf(daemon)), true);
  });

  it('whose worker is killed is a could-not-check, and the next review is served by another', async (t) => {
    const { daemon, began } = await startTroubled(t, ['-pam-workers', '1', '-pam-timeout', '1m']);
    const [token, other] = [await tokenOf(daemon, 'hang'), await tokenOf(daemon)];
    const reviewed = daemon.review(token);
    await began();
    for (const pid of daemon.children('worker')) process.kill(pid, 'SIGKILL');
    const { status, review } = await reviewed;
    assert.equal(status, 500);
    assert.match(review.status.error ?? '', /ERR_LOGIN_WORKER_DIED/);
    assert.equal(await isYes(daemon, other), true);
  });

  it('loses one review to a module that crashes', async (t) => {
    const { scene, daemon } = await startTroubled(t);
    const { status, review } = await daemon.review(await tokenOf(daemon, 'crash'));
    assert.equal(status, 500);
    assert.match(review.status.error ?? '', /ERR_LOGIN_WORKER_DIED/);
    assert.equal(await isYes(daemon, await tokenOf(daemon)), true);
    await daemon.stop();
    const counted = auditLines(scene).find(({ event }) => event === 'review.unavailable');
    assert.equal(counted?.['reason'], 'ERR_LOGIN_WORKER_DIED');
  });

  it('that is under way when the daemon is told to stop is still answered', async (t) => {
    const scene = await setScene(t);
    const began = join(scene.dir, 'began');
    scene.service(
      [
        `account optional pam_exec.so quiet log=${began} /bin/echo began`,
        'account required pam_exec.so quiet /bin/sleep 1',
      ],
      'pamhook-review',
    );
    const daemon = await startDaemon(t, scene, REVIEW);
    const reviewed = isYes(daemon, await tokenOf(daemon));
    await until(() => existsSync(began));
    const ended = daemon.stop();
    assert.equal(await reviewed, true);
    assert.equal((await ended).code, 0);
  });
});
