import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { bytesOf, memoryOf, pidsIn, processorSeconds, ticksOf, treeOf } from '#bench/proc.js';

const STAT =
  '4711 (a) R (b) S 1 4711 4711 0 -1 4194560 100 200 0 0 11 22 33 44 20 0 7 0 123456 1000 200 18446744073709551615';

describe('ticksOf()', () => {
  it('sums what the process and its reaped children used, whatever its name holds', () => {
    assert.equal(ticksOf(STAT), 11 + 22 + 33 + 44);
  });
});

describe('bytesOf()', () => {
  it('reads the field of that name, and no other that ends so', () => {
    const rollup = '00400000-7fff0000 ---p 00000000 00:00 0 [rollup]\nRss: 99 kB\nPss:      12 kB\nSwapPss: 3 kB\n';
    assert.equal(bytesOf(rollup, 'Pss'), 12 * 1024);
    assert.equal(bytesOf('', 'Pss'), undefined);
  });
});

describe('pidsIn()', () => {
  it('takes the numbers, and nothing for nothing', () => {
    assert.deepEqual(pidsIn('12 345 '), [12, 345]);
    assert.deepEqual(pidsIn(''), []);
  });
});

describe('processes that really run', () => {
  it('are charged with what their children used, also once these are gone', async () => {
    const busy = 'const end = Date.now() + 300; while (Date.now() < end);';
    const parent = `const { spawnSync } = require('node:child_process');
      spawnSync(process.execPath, ['--eval', ${JSON.stringify(busy)}]); console.log('done'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--eval', parent], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(child.stdout, 'data');
      assert.deepEqual(treeOf(child.pid ?? 0), [child.pid]);
      assert.ok(processorSeconds(child.pid ?? 0) >= 0.05);
      assert.ok(memoryOf(child.pid ?? 0) > 1024 * 1024);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  });

  it('that are gone cost nothing and hold no number of bytes', () => {
    const nobody = 2 ** 30;
    assert.equal(processorSeconds(nobody), 0);
    assert.ok(Number.isNaN(memoryOf(nobody)));
  });
});
