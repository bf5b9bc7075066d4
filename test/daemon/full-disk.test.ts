import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { childrenOf, type Daemon, isRoot, type Scene, setScene, startDaemon, until } from './daemon-harness.js';

const needsRoot = isRoot ? false : 'needs root';

/** What each line of an audit log is: an event, `torn`, or `` for an empty line. */
function linesOf(file: string): unknown[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    try {
      return line === '' ? '' : JSON.parse(line).event;
    } catch {
      return 'torn';
    }
  });
}

async function statusOf(daemon: Daemon, password: string): Promise<number> {
  return (await daemon.login('alice', password)).status;
}

/** Everything but the giving out of tokens goes on. */
async function assertWithholdsTokens(daemon: Daemon, token: string): Promise<void> {
  const kept = await daemon.login('alice', 'secret', { headers: { accept: 'application/json' } });
  assert.equal(kept.status, 503);
  assert.doesNotMatch(kept.body, /eyJ/);
  assert.equal(await statusOf(daemon, 'wrong'), 401);
  assert.equal((await daemon.ask('/heartbeat')).status, 200);
  assert.equal((await daemon.review(token)).review.status.authenticated, true);
}

async function tokenOf(daemon: Daemon): Promise<string> {
  return (await daemon.login('alice', 'secret')).body.trim();
}

function withAuditLog(scene: Scene, file: string): readonly string[] {
  return scene.flags.map((flag, index) => (scene.flags[index - 1] === '-audit-log' ? file : flag));
}

describe('a full disk', () => {
  it('in the middle of an audit line holds back tokens, harms no other line, and is over when there is room', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene);
    const file = join(scene.dir, 'audit.jsonl');
    const token = await tokenOf(daemon);
    const limit = (bytes: number | 'unlimited') =>
      execFileSync('prlimit', ['--pid', String(daemon.pid), `--fsize=${bytes}:`]);
    limit(statSync(file).size + 40);
    await assertWithholdsTokens(daemon, token);
    limit('unlimited');
    assert.equal(await statusOf(daemon, 'secret'), 200);
    assert.deepEqual(linesOf(file), ['daemon.started', 'token.issued', 'torn', 'token.issued']);
  });

  it('changes nothing about an orderly stop', async (t) => {
    const scene = await setScene(t);
    scene.service([
      'auth required MATRIX',
      'account required MATRIX',
      'account optional pam_exec.so quiet /bin/sleep 1',
    ]);
    const daemon = await startDaemon(t, scene);
    execFileSync('prlimit', ['--pid', String(daemon.pid), '--fsize=0:']);
    const login = daemon.login('alice', 'secret');
    await until(() => daemon.children('worker').some((pid) => childrenOf(pid).length > 0));
    const ended = daemon.stop();
    // Answered, and not cut off: its token is held back.
    assert.equal((await login).status, 503);
    assert.deepEqual(await ended, { code: 0, signal: null });
  });

  it('of its own is met in the same way', { skip: needsRoot }, async (t) => {
    const scene = await setScene(t);
    const disk = join(scene.dir, 'disk');
    mkdirSync(disk);
    const mount = 'mount -t tmpfs -o size=8k tmpfs "$0" && exec "$@"';
    const daemon = await startDaemon(
      t,
      { ...scene, flags: withAuditLog(scene, join(disk, 'audit.jsonl')) },
      [],
      {},
      { by: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', mount, disk] },
    );
    const inside = join(`/proc/${daemon.pid}/root`, disk);
    const token = await tokenOf(daemon);
    writeFileSync(join(inside, 'other'), Buffer.alloc(4096));
    // The audit log has one page of 4 KiB, and gets no second.
    for (let count = 0; count < 30; count += 1) if ((await statusOf(daemon, 'secret')) === 503) break;
    await assertWithholdsTokens(daemon, token);
    rmSync(join(inside, 'other'));
    assert.equal(await statusOf(daemon, 'secret'), 200);
    const events = linesOf(join(inside, 'audit.jsonl'));
    assert.equal(events.at(-1), 'token.issued');
    assert.ok(events.filter((event) => event === 'torn').length <= 1);
  });
});

describe('an audit file that cannot be opened anew', () => {
  it('on SIGHUP leaves the old one in use, until another SIGHUP finds it', async (t) => {
    const scene = await setScene(t);
    const [directory, moved] = [join(scene.dir, 'log'), join(scene.dir, 'log.old')];
    mkdirSync(directory);
    const file = join(directory, 'audit.jsonl');
    const daemon = await startDaemon(t, { ...scene, flags: withAuditLog(scene, file) });
    renameSync(directory, moved);
    process.kill(daemon.pid, 'SIGHUP');
    await daemon.logged('the audit log cannot be reopened; the old one is kept');
    assert.equal(await statusOf(daemon, 'secret'), 200);
    assert.deepEqual(linesOf(join(moved, 'audit.jsonl')), ['daemon.started', 'token.issued']);
    mkdirSync(directory);
    process.kill(daemon.pid, 'SIGHUP');
    await until(() => existsSync(file));
    assert.equal(await statusOf(daemon, 'secret'), 200);
    assert.deepEqual(linesOf(file), ['token.issued']);
  });
});
