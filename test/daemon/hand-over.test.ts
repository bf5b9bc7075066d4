import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { loadNative } from '#src/native/binding.js';
import { run, type Scene, setScene, startDaemon } from './daemon-harness.js';
import { startLoad } from './load.js';

const native = loadNative();

/** The shell becomes the daemon, and so knows its pid. */
const RECIPIENT = ['sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh'];

/** A listening socket as systemd's, open for as long as the test runs. */
function openSocket(t: TestContext) {
  const socket = native.listen('127.0.0.1', 0, 1024);
  t.after(() => closeSync(socket.fd));
  return socket;
}

function startOn(t: TestContext, scene: Scene, fd: number) {
  return startDaemon(t, scene, [], { LISTEN_FDS: '1' }, { by: RECIPIENT, descriptors: [fd] });
}

describe('a listening socket that was handed over', () => {
  it('is served in place of bind-address and bind-port, as its own log says', async (t) => {
    const scene = await setScene(t);
    const { fd, port } = openSocket(t);
    const daemon = await startDaemon(
      t,
      scene,
      ['-bind-port', '1'],
      { LISTEN_FDS: '1' },
      { by: RECIPIENT, descriptors: [fd] },
    );
    assert.equal(daemon.port, port);
    assert.match(daemon.stderr(), /bind-address and bind-port are not used/);
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
  });

  it('is left alone when it was meant for another process', async (t) => {
    const scene = await setScene(t);
    const { fd, port } = openSocket(t);
    const daemon = await startDaemon(t, scene, [], { LISTEN_FDS: '1', LISTEN_PID: '1' }, { descriptors: [fd] });
    assert.notEqual(daemon.port, port);
    assert.match(daemon.stderr(), /LISTEN_FDS is not used: LISTEN_PID/);
    assert.equal((await daemon.ask('/heartbeat')).status, 200);
  });

  it('ends the start with one line when it is no listening TCP socket, or when there are several', async (t) => {
    const scene = await setScene(t);
    const file = openSync('/dev/null', 'r');
    t.after(() => closeSync(file));
    const serve = async (count: string, descriptor: number) =>
      run(['serve', ...scene.flags], { ...scene.env, LISTEN_FDS: count }, { by: RECIPIENT, descriptors: [descriptor] });
    const wrong = await serve('1', file);
    assert.equal(wrong.code, 2);
    assert.match(
      wrong.stderr,
      /LISTEN_FDS: descriptor 3 is no listening TCP socket \(ENOTSOCK\); hand over one socket/,
    );
    const several = await serve('2', openSocket(t).fd);
    assert.equal(several.code, 2);
    assert.match(several.stderr, /LISTEN_FDS: "2" sockets were handed over, and pamhook serves one/);
  });

  it('goes from one daemon to the next without a failed request', async (t) => {
    const scene = await setScene(t);
    const { fd, port } = openSocket(t);
    const first = await startOn(t, scene, fd);
    const load = startLoad(scene, port, { fresh: 8, kept: 8 });
    await load.reach(200);
    const nextScene = { ...scene, flags: [...scene.flags, '-audit-log', join(scene.dir, 'next.jsonl')] };
    const next = await startOn(t, nextScene, fd);
    const login = first.login('alice', 'secret');
    assert.deepEqual(await first.stop(), { code: 0, signal: null });
    assert.equal((await login).status, 200);
    await load.reach(200);
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.equal((await next.login('alice', 'secret')).status, 200);
  });
});

describe('a stop under load', () => {
  it('fails no request on a connection that a client could make', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene);
    const load = startLoad(scene, daemon.port, { fresh: 16, kept: 8 });
    await load.reach(300);
    const ended = daemon.stop();
    await load.refused;
    assert.deepEqual(load.failures, []);
    assert.deepEqual(await ended, { code: 0, signal: null });
  });
});
