/** What a service manager hears of a real daemon. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hearNotices } from '../harness/notify-socket.js';
import { isRoot, setScene, startDaemon, until } from './daemon-harness.js';

const WATCHDOG = { WATCHDOG_USEC: '200000' };

describe('a service manager', () => {
  it('hears from the supervisor alone when the daemon serves, lives, reloads and stops', async (t) => {
    const scene = await setScene(t);
    const socket = join(scene.dir, 'notify');
    const { notices } = await hearNotices(t, socket);
    const daemon = await startDaemon(t, scene, [], { NOTIFY_SOCKET: socket, ...WATCHDOG });
    const heard = (line: string) => notices.filter(({ lines }) => lines.includes(line));
    await until(() => heard('WATCHDOG=1').length > 2);
    assert.deepEqual(notices[0]?.lines, ['READY=1', `STATUS=serving, 127.0.0.1, port ${daemon.port}`]);

    process.kill(daemon.pid, 'SIGHUP');
    await until(() => heard('READY=1').length === 2);
    const [reloading] = heard('RELOADING=1');
    assert.match(reloading?.lines[1] ?? '', /^MONOTONIC_USEC=\d+$/);

    assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
    const [stopping] = heard('STOPPING=1');
    assert.ok(stopping?.lines.includes('EXTEND_TIMEOUT_USEC=30000000'));
    assert.equal(heard('READY=1').length, 2);
    assert.deepEqual([...new Set(notices.map(({ sender }) => sender))], [daemon.pid]);
  });

  it('hears on when a front hangs, which is replaced', async (t) => {
    const scene = await setScene(t);
    const socket = `@pamhook-test-${randomUUID()}`;
    const { notices } = await hearNotices(t, socket);
    const daemon = await startDaemon(t, scene, [], { NOTIFY_SOCKET: socket, ...WATCHDOG });
    process.kill(daemon.children('front')[0] ?? 0, 'SIGSTOP');
    await daemon.logged('the front accepts connections again');
    const before = notices.length;
    await until(() => notices.length > before);
    assert.equal((await daemon.ask('/heartbeat')).status, 200);
  });

  it('that has gone is one warning, and the daemon serves', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, [], { NOTIFY_SOCKET: join(scene.dir, 'none'), ...WATCHDOG });
    await daemon.logged('NOTIFY_SOCKET: the service manager cannot be told');
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
    assert.equal(daemon.stderr().match(/NOTIFY_SOCKET/g)?.length, 1);
  });

  it('is unknown to the other processes', { skip: isRoot ? false : 'needs root' }, async (t) => {
    const scene = await setScene(t);
    const socket = join(scene.dir, 'notify');
    await hearNotices(t, socket);
    const daemon = await startDaemon(t, scene, [], { NOTIFY_SOCKET: socket, ...WATCHDOG });
    await until(() => daemon.children('worker').length > 0);
    for (const pid of [...daemon.children('front'), ...daemon.children('worker')])
      assert.doesNotMatch(readFileSync(`/proc/${pid}/environ`, 'utf8'), /NOTIFY|WATCHDOG/);
  });
});
