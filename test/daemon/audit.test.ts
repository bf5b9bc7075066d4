import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readFileSync, readSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { auditLines, run, setScene, startDaemon, until } from './daemon-harness.js';

/** Fills a FIFO until nothing more goes in; the bytes written. */
function fill(fifo: number): number {
  let written = 0;
  for (const size of [4096, 1]) {
    try {
      for (;;) written += writeSync(fifo, Buffer.alloc(size, 0x0a));
    } catch (fault) {
      assert.equal((fault as NodeJS.ErrnoException).code, 'EAGAIN');
    }
  }
  return written;
}

function drain(fifo: number, bytes: number): void {
  for (let left = bytes; left > 0; ) left -= readSync(fifo, Buffer.alloc(left));
}

function lastLine(fifo: number): string {
  const buffer = Buffer.alloc(65_536);
  return buffer.toString('utf8', 0, readSync(fifo, buffer)).trim().split('\n').at(-1) ?? '';
}

describe('the audit log', () => {
  it('has one line for each thing that happened, with whom, from where and why, and no password or token', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene);
    const right = await daemon.login('alice', 'secret');
    const wrong = await daemon.login('alice', 'hunter2');
    await daemon.stop();
    const lines = auditLines(scene);
    assert.deepEqual(
      lines.map(({ event }) => event),
      ['daemon.started', 'token.issued', 'token.refused', 'daemon.stopping', 'daemon.stopped'],
    );
    const [, issued, refused] = lines;
    const claims = JSON.parse(Buffer.from(right.body.split('.')[1] ?? '', 'base64url').toString());
    assert.equal(issued?.['jti'], claims.jti);
    assert.equal(issued?.['user'], 'alice');
    assert.equal(issued?.['source'], '127.0.0.1');
    assert.equal(issued?.['requestId'], right.headers['x-request-id']);
    assert.equal(refused?.['requestId'], wrong.headers['x-request-id']);
    assert.equal(refused?.['code'], 'PAM_AUTH_ERR');
    assert.equal(refused?.['stage'], 'authenticate');
    for (const { time, process } of lines) {
      assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.ok(process);
    }
    const everything = readFileSync(join(scene.dir, 'audit.jsonl'), 'utf8') + daemon.stderr();
    for (const secret of ['hunter2', 'secret', right.body.trim(), right.body.split('.')[2]?.trim() ?? '']) {
      assert.equal(everything.includes(secret), false);
    }
  });

  it('cannot be forged by what a user sends', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene);
    const name = 'x"}\n{"event","token.issued"}\u2028\u001b[2J';
    await daemon.login(name, 'wrong', { headers: { 'x-request-id': 'forged', 'user-agent': '"}' } });
    const text = readFileSync(join(scene.dir, 'audit.jsonl'), 'utf8');
    assert.equal(text.trimEnd().split('\n').length, 2);
    assert.equal(auditLines(scene).at(-1)?.['user'], name);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
    assert.doesNotMatch(text + daemon.stderr(), /[\u0000-\u0009\u000b-\u001f\u007f\u2028]/);
    assert.doesNotMatch(text, /forged/);
  });

  it('that cannot be written in full keeps tokens back, not refusals, and recovers', async (t) => {
    const scene = await setScene(t);
    const fifo = join(scene.dir, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const reader = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    t.after(() => closeSync(reader));
    const daemon = await startDaemon(t, scene, ['-audit-log', fifo]);
    const held = fill(reader);
    const kept = await daemon.login('alice', 'secret', { headers: { accept: 'application/json' } });
    assert.equal(kept.status, 503);
    assert.doesNotMatch(kept.body, /eyJ/);
    assert.equal(kept.headers.authorization, undefined);
    assert.equal((await daemon.login('alice', 'wrong')).status, 401);
    drain(reader, held);
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
    assert.equal(JSON.parse(lastLine(reader))['event'], 'token.issued');
  });

  it('that cannot be written at the start ends it', async (t) => {
    const scene = await setScene(t);
    const flags = scene.flags.map((flag, index) => (scene.flags[index - 1] === '-audit-log' ? '/dev/full' : flag));
    const { code, stderr } = await run(['serve', ...flags], scene.env);
    assert.equal(code, 1);
    assert.match(stderr, /ERR_AUDIT_FAILED/);
  });

  it('is reopened on SIGHUP, so that it can be rotated', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene);
    const file = join(scene.dir, 'audit.jsonl');
    renameSync(file, `${file}.1`);
    await daemon.login('alice', 'secret');
    assert.equal(existsSync(file), false);
    process.kill(daemon.pid, 'SIGHUP');
    await until(() => existsSync(file));
    await daemon.login('alice', 'secret');
    assert.deepEqual(
      auditLines(scene).map(({ event }) => event),
      ['token.issued'],
    );
    assert.equal(readFileSync(`${file}.1`, 'utf8').trimEnd().split('\n').length, 2);
  });
});
