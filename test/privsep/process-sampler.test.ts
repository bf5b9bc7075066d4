/** What /proc tells of real processes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { createProcessSampler } from '#src/privsep/process-sampler.js';

const SPIN = 'const end = process.cpuUsage().user + 300_000; while (process.cpuUsage().user < end);';

/** A process that has used CPU time and waits. */
async function startChild(t: TestContext) {
  const child = spawn(process.execPath, ['-e', `${SPIN} console.log(1); setInterval(() => {}, 1e6)`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test('memory, CPU time and descriptors of the processes of one name are added', async (t) => {
  const [one, two] = await Promise.all([startChild(t), startChild(t)]);
  const sample = createProcessSampler<'own' | 'child'>();
  const pids = new Map<number, 'own' | 'child'>([
    [process.pid, 'own'],
    [one.pid ?? 0, 'child'],
    [two.pid ?? 0, 'child'],
  ]);
  const seen = await sample(pids);
  const [own, child] = [seen.get('own'), seen.get('child')];
  assert.ok(own && child);
  assert.deepEqual([own.processes, child.processes], [1, 2]);
  assert.ok(child.cpu >= 0.6, `${child.cpu}`);
  assert.ok((child.resident ?? 0) > 20e6 && (child.resident ?? 0) < 1e9);
  assert.ok((child.proportional ?? 0) > 1e6 && (child.proportional ?? 0) <= (child.resident ?? 0));
  const open = readdirSync('/proc/self/fd').length;
  assert.ok(Math.abs((own.descriptors ?? 0) - open) <= 10, `${own.descriptors} ${open}`);
  const again = await sample(pids);
  // It waits; what it used before counts no second time.
  assert.ok((again.get('child')?.cpu ?? 1) < 0.3, `${again.get('child')?.cpu}`);
});

test('of a process that is gone, or hidden, nothing is told but that it is there as far as its parent knows', async (t) => {
  const child = await startChild(t);
  const pid = child.pid ?? 0;
  child.kill('SIGKILL');
  await once(child, 'exit');
  const seen = await createProcessSampler<'child'>()(new Map([[pid, 'child']]));
  assert.deepEqual(seen.get('child'), {
    processes: 1,
    resident: undefined,
    proportional: undefined,
    descriptors: undefined,
    cpu: 0,
  });
});
