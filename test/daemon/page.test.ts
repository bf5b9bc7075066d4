/** The page of a real daemon, asked as a browser without script asks it; test/page has the browser. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALICE, auditLines, type Daemon, setScene, startDaemon } from './daemon-harness.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' };
const HELP = 'Set a new one at https://id.example.org/password.';

function signIn(daemon: Daemon, username: string, password: string, accept = 'text/html') {
  const body = new URLSearchParams({ username, password }).toString();
  return daemon.ask('/login', { method: 'POST', headers: { ...FORM, accept }, body });
}

describe('the page', () => {
  it('is served by a front that opens no file any more, and gives a token that a review takes', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene);
    const { status, body } = await daemon.ask('/');
    assert.equal(status, 200);
    const assets = [...body.matchAll(/(?:src|href)="(assets\/[^"]+)"/g)].map(([, path]) => `/${path}`);
    assert.ok(assets.length >= 3);
    for (const path of assets) assert.equal((await daemon.ask(path)).status, 200, path);
    const page = await signIn(daemon, 'alice', 'secret');
    const token = /id="token" data-fill="token">([^<]+)</.exec(page.body)?.[1] ?? '';
    assert.equal((await daemon.review(token)).review.status.user?.username, 'alice');
    const json = JSON.parse((await signIn(daemon, 'alice', 'secret', 'application/json')).body);
    assert.equal((await daemon.review(json.token)).review.status.authenticated, true);
    assert.equal(auditLines(scene).filter(({ event }) => event === 'token.issued').length, 2);
  });

  it('counts failed logins with those of /token, and takes no cross-site login to PAM', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, ['-login-failures-per-hour', '4', '-login-free-failures', '100']);
    const statuses: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      statuses.push((await signIn(daemon, 'alice', 'wrong')).status, (await daemon.login('alice', 'wrong')).status);
    }
    assert.deepEqual(statuses, [403, 401, 403, 401, 429, 429]);
    const headers = { ...FORM, 'sec-fetch-site': 'cross-site' };
    const body = 'username=alice&password=secret';
    assert.equal((await daemon.ask('/login', { method: 'POST', headers, body })).status, 403);
    assert.equal(auditLines(scene).filter(({ event }) => event === 'token.refused').length, 4);
  });

  it('and /token say what password-help has for an expired password, and for nothing else', async (t) => {
    const passwords = { alice: 'secret', stale: 'secret', expired: 'secret' };
    const scene = await setScene(t, {
      passwords,
      passwd: [ALICE, 'stale:x:20011:20001::/:/bin/sh', 'expired:x:20012:20001::/:/bin/sh'],
      service: [
        'auth required MATRIX',
        'account [success=ignore default=1] pam_succeed_if.so quiet user = stale',
        'account requisite pam_debug.so acct=new_authtok_reqd',
        'account [success=ignore default=1] pam_succeed_if.so quiet user = expired',
        'account requisite pam_debug.so acct=acct_expired',
        'account required MATRIX',
      ],
    });
    const daemon = await startDaemon(t, scene, ['-password-help', HELP]);
    const headers = { accept: 'application/json' };
    const refusal = async (user: string, password: string) =>
      JSON.parse((await daemon.login(user, password, { headers })).body);
    const error = 'Authentication failure';
    assert.deepEqual(await refusal('stale', 'secret'), { error, reason: 'password expired', help: HELP });
    assert.deepEqual(await refusal('stale', 'wrong'), { error });
    assert.deepEqual(await refusal('expired', 'secret'), { error, reason: 'account expired' });
    assert.equal((await daemon.login('stale', 'secret')).body, 'Authentication failure: password expired');
    assert.match((await signIn(daemon, 'stale', 'secret')).body, /href="https:\/\/id\.example\.org\/password"/);
  });
});
