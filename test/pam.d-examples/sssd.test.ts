/** The example for SSSD, with a real directory behind it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startDaemon, until } from '../daemon/daemon-harness.js';
import { enterThrowAwayRoot, outside } from '../harness/throw-away-root.js';
import { installPackages, startDirectory, stopDirectory } from './directory.js';
import { addUser, brief, install, lastEvent, PASSWORD, setMachine, sh, visible } from './machine.js';

enterThrowAwayRoot(import.meta.url);

const SERVICE = '/etc/pam.d/pamhook';
const TOKEN = [200, 'token'];
const REFUSED = [401, 'Authentication failure'];
const YESTERDAY = Math.floor(Date.now() / 86_400_000) - 1;

describe('the example sssd', () => {
  it('lets in local accounts and those of the directory, each by its own rules', {
    skip: outside,
    timeout: 120_000,
  }, async (t) => {
    installPackages();
    addUser('local');
    install('sssd', SERVICE);
    const scene = await setMachine(t);
    const people = [
      { name: 'dora', uid: 30001 },
      { name: 'edna', uid: 30002, expires: YESTERDAY },
    ];
    startDirectory(join(scene.dir, 'tls'), people, 'staff-of-dora', 30000);
    await until(() => sh('getent passwd dora || true') !== '');
    const daemon = await startDaemon(t, scene);

    const dora = await daemon.login('dora', PASSWORD);
    assert.deepEqual(brief(dora), TOKEN);
    const { user } = (await daemon.review(dora.body.trim())).review.status;
    assert.deepEqual([user?.username, user?.uid, user?.groups], ['dora', '30001', ['staff-of-dora']]);
    assert.deepEqual(brief(await daemon.login('local', PASSWORD)), TOKEN);

    const refusals = await Promise.all(['dora', 'edna', 'local', 'unknown'].map((name) => daemon.login(name, 'wrong')));
    for (const refusal of refusals) assert.deepEqual(visible(refusal), visible(refusals[0] ?? dora));
    assert.deepEqual(
      refusals.map(brief),
      refusals.map(() => REFUSED),
    );
    assert.deepEqual(brief(await daemon.login('edna', PASSWORD)), [401, 'Authentication failure: account expired']);
    assert.deepEqual(lastEvent(scene, 'stage', 'code'), ['account', 'PAM_ACCT_EXPIRED']);

    stopDirectory();
    assert.deepEqual(brief(await daemon.login('local', PASSWORD)), TOKEN, 'local accounts do without the directory');
  });
});
