/** Notices to a service manager. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadNative } from '#src/native/binding.js';
import { until } from '../daemon/daemon-harness.js';
import { hearNotices } from '../harness/notify-socket.js';
import { scratchDirectory } from '../harness/scratch.js';

const native = loadNative();

test('sendNotice() reaches a socket by its path and by an abstract name, from this process', async (t) => {
  for (const name of [join(scratchDirectory(t), 'socket'), `@pamhook-test-${randomUUID()}`]) {
    const { notices } = await hearNotices(t, name);
    assert.equal(native.sendNotice(name, 'READY=1\nSTATUS=grün'), true);
    await until(() => notices.length > 0);
    assert.deepEqual(notices, [{ sender: process.pid, lines: ['READY=1', 'STATUS=grün'] }]);
  }
});

test('sendNotice() waits for nobody', async (t) => {
  const path = join(scratchDirectory(t), 'socket');
  const listener = await hearNotices(t, path);
  listener.kill('SIGSTOP');
  let sent = 0;
  // Linux holds net.unix.max_dgram_qlen of them, and as many bytes as the sender's buffer.
  while (sent < 100_000 && native.sendNotice(path, 'x'.repeat(4_000))) sent += 1;
  assert.ok(sent < 100_000);
  listener.kill('SIGCONT');
  await until(() => native.sendNotice(path, 'last'));
  await until(() => listener.notices.at(-1)?.lines[0] === 'last');
  assert.equal(listener.notices.length, sent + 1);
});

test('sendNotice() names what is wrong', (t) => {
  assert.throws(() => native.sendNotice(join(scratchDirectory(t), 'none'), 'x'), { code: 'ENOENT' });
  assert.throws(() => native.sendNotice(`@pamhook-test-${randomUUID()}`, 'x'), { code: 'ECONNREFUSED' });
  assert.throws(() => native.sendNotice(`/${'x'.repeat(107)}`, 'x'), TypeError);
  assert.throws(() => native.sendNotice('/x', 'a\0b'), TypeError);
});
