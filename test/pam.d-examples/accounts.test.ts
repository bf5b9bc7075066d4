/** The examples that ask for a password and nothing more, on real modules: the daemon is asked as a client would ask it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startDaemon } from '../daemon/daemon-harness.js';
import { enterThrowAwayRoot, outside } from '../harness/throw-away-root.js';
import { addUser, brief, install, lastEvent, PASSWORD, setMachine, sh, visible } from './machine.js';

enterThrowAwayRoot(import.meta.url);

const SERVICE = '/etc/pam.d/pamhook';
const ACCESS_RULES = '/etc/security/access-pamhook.conf';
const TOKEN = [200, 'token'];
const REFUSED = [401, 'Authentication failure'];
const DENIED = [401, 'Authentication failure: access denied'];

if (!outside) {
  addUser('alice', ['developers']);
  for (const name of ['bob', 'locked', 'expired', 'stale', 'empty']) addUser(name);
  sh(`usermod -L locked
    chage -E "$(date -d '-2 days' +%F)" expired
    chage -d "$(date -d '-100 days' +%F)" -M 30 -I -1 stale
    passwd -qd empty`);
}

describe('the example', () => {
  it('debian lets in who may log in to the machine, and says why not only after the right password', {
    skip: outside,
  }, async (t) => {
    install('debian', SERVICE);
    const daemon = await startDaemon(t, await setMachine(t));
    const [first, ...others] = await Promise.all(
      ['alice', 'expired', 'stale', 'empty', 'unknown'].map((user) => daemon.login(user, 'wrong')),
    );
    assert.deepEqual(first && brief(first), REFUSED);
    for (const other of others) assert.deepEqual(visible(other), first && visible(first));
    assert.deepEqual(brief(await daemon.login('alice', PASSWORD)), TOKEN);
    assert.deepEqual(brief(await daemon.login('locked', PASSWORD)), REFUSED);
    assert.deepEqual(brief(await daemon.login('empty', '')), REFUSED);
    assert.deepEqual(brief(await daemon.login('expired', PASSWORD)), DENIED);
    assert.deepEqual(brief(await daemon.login('stale', PASSWORD)), [401, 'Authentication failure: password expired']);
  });

  it('faillock locks an account without telling the client, and unlocks', { skip: outside }, async (t) => {
    install('faillock', SERVICE);
    const scene = await setMachine(t);
    // It is the module that shall lock, not the daemon.
    const daemon = await startDaemon(t, scene, ['-login-limits', 'off']);
    const unlock = () => sh('faillock --dir /run/faillock-pamhook --user bob --reset');
    const wrong = [];
    for (let count = 0; count < 4; count++) wrong.push(await daemon.login('bob', 'wrong'));
    assert.deepEqual(brief(await daemon.login('bob', PASSWORD)), TOKEN, 'four failures are not five');
    for (let count = 0; count < 5; count++) wrong.push(await daemon.login('bob', 'wrong'));
    assert.deepEqual(lastEvent(scene, 'event', 'code'), ['token.refused', 'PAM_PERM_DENIED']);
    const locked = await daemon.login('bob', PASSWORD);
    assert.deepEqual(lastEvent(scene, 'event', 'code'), ['token.refused', 'PAM_AUTH_ERR']);
    for (const refusal of wrong) assert.deepEqual(visible(refusal), visible(locked));
    assert.deepEqual(brief(locked), REFUSED);
    assert.deepEqual(brief(await daemon.login('alice', PASSWORD)), TOKEN, 'others are not locked');
    assert.equal(sh('faillock --user bob | grep -c RHOST || true').trim(), '0', 'nor is bob for other services');
    unlock();
    assert.deepEqual(brief(await daemon.login('bob', PASSWORD)), TOKEN);
  });

  it('access lets in the group from the network, and nobody else', { skip: outside }, async (t) => {
    install('access', SERVICE);
    install('access.conf', ACCESS_RULES);
    const scene = await setMachine(t);
    const daemon = await startDaemon(t, scene);
    assert.deepEqual(brief(await daemon.login('alice', PASSWORD)), DENIED, 'not from 192.0.2.0/24');
    assert.deepEqual(lastEvent(scene, 'stage', 'code', 'reason'), ['account', 'PAM_PERM_DENIED', 'access denied']);
    install('access.conf', ACCESS_RULES, ['192.0.2.0/24', '127.0.0.0/8']);
    assert.deepEqual(brief(await daemon.login('alice', PASSWORD)), TOKEN);
    assert.deepEqual(brief(await daemon.login('bob', PASSWORD)), DENIED, 'not of the group');
    for (const user of ['alice', 'bob']) assert.deepEqual(brief(await daemon.login(user, 'wrong')), REFUSED);
  });

  it('one-group lets in its members, and tells the others only after the right password', {
    skip: outside,
  }, async (t) => {
    install('one-group', SERVICE);
    const scene = await setMachine(t);
    const daemon = await startDaemon(t, scene);
    assert.deepEqual(brief(await daemon.login('alice', PASSWORD)), TOKEN);
    assert.deepEqual(brief(await daemon.login('bob', PASSWORD)), DENIED);
    assert.deepEqual(brief(await daemon.login('expired', PASSWORD)), DENIED);
    for (const user of ['alice', 'bob']) assert.deepEqual(brief(await daemon.login(user, 'wrong')), REFUSED);
    install('one-group', SERVICE, ['ingroup developers', 'ingroup nosuchgroup:alice:bob']);
    for (const user of ['alice', 'bob']) assert.deepEqual(brief(await daemon.login(user, PASSWORD)), TOKEN);
    assert.deepEqual(brief(await daemon.login('expired', PASSWORD)), DENIED);
  });
});
