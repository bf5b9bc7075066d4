import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { loadNative } from '#src/native/binding.js';
import { compile } from './compile.js';
import { ALICE, askOnce, MAIN, MATRIX_SERVICE, setScene, until } from './daemon-harness.js';

/** A pipe with a name, one end for the daemon and one to read, fill and drain. */
function openPipe(t: TestContext, path: string) {
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  // Of its own, and blocking: as a shell gives it.
  const writer = openSync(path, constants.O_WRONLY);
  let open = true;
  const close = () => {
    if (open) closeSync(reader);
    open = false;
  };
  t.after(close);
  return {
    writer,
    close,
    fill() {
      for (const size of [4096, 1]) {
        try {
          for (;;) writeSync(reader, Buffer.alloc(size, 0x0a));
        } catch (fault) {
          assert.equal((fault as NodeJS.ErrnoException).code, 'EAGAIN');
        }
      }
    },
    read(): string {
      const buffer = Buffer.alloc(1 << 20);
      try {
        return buffer.toString('utf8', 0, readSync(reader, buffer)).trim();
      } catch (fault) {
        assert.equal((fault as NodeJS.ErrnoException).code, 'EAGAIN');
        return '';
      }
    },
  };
}

/** A daemon that logs into two pipes, the audit log to its standard output. Where it listens is known before it can say so. */
async function startPiped(t: TestContext) {
  const scene = await setScene(t, {
    passwords: { alice: 'secret', talk: 'secret' },
    passwd: [ALICE, 'talk:x:20050:20001::/:/bin/sh'],
  });
  scene.service([`auth optional ${compile('pam_trouble', scene.dir, ['-lpam'])}`, ...MATRIX_SERVICE]);
  const [out, err] = [openPipe(t, join(scene.dir, 'out')), openPipe(t, join(scene.dir, 'err'))];
  const { fd, port } = loadNative().listen('127.0.0.1', 0, 64);
  const shell = ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh'];
  const flags = [...scene.flags, '-audit-log', '-'];
  const child = spawn('sh', [...shell, process.execPath, MAIN, 'serve', ...flags], {
    env: { ...scene.env, LISTEN_FDS: '1' },
    stdio: ['ignore', out.writer, err.writer, fd],
  });
  for (const each of [out.writer, err.writer, fd]) closeSync(each);
  const exited = once(child, 'exit').then(([code]) => code);
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const ca = readFileSync(join(scene.dir, 'tls', 'ca.crt'));
  const ask = async (path: string, user?: string, password?: string) =>
    (await askOnce(port, ca, path, user === undefined ? {} : { user, password: password ?? '' })).status;
  // Before that line a log that cannot be written ends the start.
  await until(() => out.read().includes('"daemon.started"'));
  return { out, err, ask, child, exited };
}

describe('pipes that nobody reads', () => {
  it('hold back tokens, when the audit log goes there, and nothing else; then all goes on', async (t) => {
    const { out, err, ask } = await startPiped(t);
    assert.equal(await ask('/token', 'alice', 'secret'), 200);
    out.fill();
    err.fill();
    assert.equal(await ask('/token', 'alice', 'secret'), 503);
    assert.equal(await ask('/token', 'alice', 'wrong'), 401);
    assert.equal(await ask('/heartbeat'), 200);
    out.read();
    err.read();
    assert.equal(await ask('/token', 'alice', 'secret'), 200);
    assert.match(out.read(), /"event":"token.issued"/);
  });

  it('do not stop a PAM module that writes to its standard error', async (t) => {
    const { err, ask } = await startPiped(t);
    err.fill();
    assert.equal(await ask('/token', 'talk', 'secret'), 200);
    err.read();
    assert.equal(await ask('/token', 'talk', 'secret'), 200);
    assert.match(err.read(), /talk/);
  });
});

describe('pipes whose reader is gone', () => {
  it('hold back tokens and nothing else, and the stop is in order', async (t) => {
    const { out, err, ask, child, exited } = await startPiped(t);
    out.close();
    err.close();
    assert.equal(await ask('/token', 'alice', 'secret'), 503);
    assert.equal(await ask('/token', 'alice', 'wrong'), 401);
    assert.equal(await ask('/heartbeat'), 200);
    child.kill('SIGTERM');
    assert.equal(await exited, 0);
  });
});
