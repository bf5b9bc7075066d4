import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createMetricsKeeper } from '#src/privsep/metrics-keeper.js';
import type { FromMetrics, MetricsConfiguration, ToMetrics } from '#src/privsep/protocol.js';
import { Secret } from '#src/secret.js';

const configuration = { kind: 'configure', lockMemory: false, supervisorPid: 1 } as MetricsConfiguration;
const TOLD = { kind: 'metrics', front: [1], supervisor: [2] };

function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const processes: { received: ToMetrics[]; killed: number; say(frame: FromMetrics): void; exit(how: string): void }[] =
    [];
  let deaths = 0;
  const keeper = createMetricsKeeper({
    startMetrics({ onFrame: say, onExit: exit }) {
      const process = { received: [] as ToMetrics[], killed: 0, say, exit };
      processes.push(process);
      return {
        pid: 1,
        send: (frame) => process.received.push(frame),
        alive: () => true,
        expectAnswers() {},
        dismiss() {},
        kill: () => {
          process.killed += 1;
        },
      };
    },
    configuration,
    rows: () => ({ front: [1], supervisor: [2] }),
    onDeath: () => {
      deaths += 1;
    },
    log: { error() {}, warn() {}, info() {}, verbose() {} },
    now: () => 0,
  });
  keeper.start();
  const at = (index: number) => processes[index] ?? assert.fail('no such process');
  return { keeper, processes, at, deaths: () => deaths };
}

test('the process is told what was counted when it is ready, and every second', (t) => {
  const { at } = setUp(t);
  assert.deepEqual(at(0).received, [configuration]);
  at(0).say({ kind: 'ready' });
  assert.deepEqual(at(0).received.slice(1), [TOLD]);
  t.mock.timers.tick(1_000);
  assert.deepEqual(at(0).received.slice(1), [TOLD, TOLD]);
});

test('one that dies is replaced and its death counted, and the new one has the newest certificate', (t) => {
  const { keeper, at, deaths } = setUp(t);
  const tls = { cert: 'c', key: Secret.fromString('k') };
  keeper.changeTls(tls);
  assert.deepEqual(at(0).received.at(-1), { kind: 'tls', tls });
  at(0).exit('SIGKILL');
  t.mock.timers.tick(0);
  assert.deepEqual(at(1).received[0], { ...configuration, tls });
  assert.equal(deaths(), 1);
});

test('one that is ready twice is killed', (t) => {
  const { at } = setUp(t);
  at(0).say({ kind: 'ready' });
  at(0).say({ kind: 'ready' });
  assert.equal(at(0).killed, 1);
});

test('a stop waits for it, is no death, and starts no other', async (t) => {
  const { keeper, processes, at, deaths } = setUp(t);
  const stopped = keeper.stop();
  at(0).exit('exit code 0');
  await stopped;
  t.mock.timers.tick(60_000);
  assert.deepEqual([processes.length, deaths()], [1, 0]);
});
