/** A PAM module that writes into its worker's channel: the worker dies, with one login, and all the others live. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { compile } from './compile.js';
import { auditLines, MATRIX_SERVICE, setScene, startDaemon, until } from './daemon-harness.js';

function framed(value: object): Buffer {
  const body = Buffer.from(JSON.stringify(value));
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  return Buffer.concat([header, body]);
}

const detail = { code: 'PAM_SUCCESS', stage: 'user', failDelay: 0 };
const refused = (id: number) => framed({ kind: 'issue-result', id, outcome: 'refused', messages: [], detail });

interface Attack {
  /** What the module writes, asked about the login of this id. */
  bytes(id: number): Uint8Array;
  readonly status: number;
  readonly error?: string;
}

const DIED = { status: 503, error: 'ERR_LOGIN_WORKER_DIED' };

/** By user. */
const streams: Record<string, Attack> = {
  rubbish: { bytes: () => Buffer.from('pam_rubbish: debug: hello\n'), ...DIED },
  endless: { bytes: () => new Uint8Array(8).fill(0xff), ...DIED },
  pong: { bytes: () => framed({ kind: 'pong' }), ...DIED },
  hangup: { bytes: (id) => refused(id).subarray(0, 20), ...DIED },
};

const results: Record<string, Attack> = {
  another: { bytes: (id) => refused(id + 1), ...DIED },
  earlier: { bytes: (id) => refused(id - 1), ...DIED },
  ready: { bytes: () => framed({ kind: 'ready' }), ...DIED },
  // The login ends with the first, and the worker with the second.
  twice: { bytes: (id) => Buffer.concat([refused(id), refused(id)]), status: 401 },
};

/** A daemon with one worker, whose PAM module writes these bytes for users of these names. */
async function startWriting(t: TestContext, timeout: string) {
  const scene = await setScene(t);
  const bytes = join(scene.dir, 'bytes');
  mkdirSync(bytes);
  scene.service([`auth optional ${compile('pam_frames', scene.dir, ['-lpam'])} ${bytes}`, ...MATRIX_SERVICE]);
  const daemon = await startDaemon(t, scene, ['-pam-workers', '1', '-pam-timeout', timeout]);
  const loginAs = (user: string, written: Uint8Array) => {
    writeFileSync(join(bytes, user), written);
    return daemon.login(user, 'x');
  };
  return { daemon, loginAs, lines: () => auditLines(scene).filter(({ event }) => String(event).startsWith('token.')) };
}

describe('a PAM module that writes to the supervisor', { concurrency: true }, () => {
  for (const attacks of [streams, results]) {
    const users = Object.keys(attacks);
    it(`(${users.join(', ')}) costs its own login, and no other`, async (t) => {
      const { daemon, loginAs, lines } = await startWriting(t, '5m');
      const fronts = daemon.children('front');
      for (const [index, user] of users.entries()) {
        const { bytes, status } = attacks[user] as Attack;
        assert.equal((await loginAs(user, bytes(2 * index + 1))).status, status, user);
        assert.equal((await daemon.login('alice', 'secret')).status, 200, `after ${user}`);
      }
      assert.deepEqual(daemon.children('front'), fronts);
      assert.deepEqual(
        lines().flatMap(({ user, error }) => (user === 'alice' ? [] : [[user, error]])),
        users.map((user) => [user, attacks[user]?.error]),
      );
      assert.equal(new Set(lines().map(({ pid }) => pid)).size, users.length + 1, 'a new worker after each');
    });
  }

  it('half a frame, and hangs, costs its own login as soon as pam-timeout is over', async (t) => {
    const { daemon, loginAs, lines } = await startWriting(t, '2s');
    assert.equal((await loginAs('hanging', refused(1).subarray(0, 20))).status, 503);
    assert.equal(lines()[0]?.['error'], 'ERR_LOGIN_OVERRUN');
    await until(async () => (await daemon.login('alice', 'secret')).status === 200);
  });
});
