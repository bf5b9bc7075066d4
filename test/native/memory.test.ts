/** Memory for secrets: locked, left out of core files, wiped; and a process that survives being locked. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadNative } from '#src/native/binding.js';
import { evaluate, preload, runScript } from '../harness/child.js';
import { compileShared } from '../harness/compile.js';
import { scratchDirectory } from '../harness/scratch.js';

const native = loadNative();

/** AddressSanitizer makes mlock(2) and its like do nothing. */
const sanitized = process.env['LD_PRELOAD']?.includes('libasan') ?? false;
const needsMlock = { skip: sanitized ? 'needs mlock, which AddressSanitizer takes away' : false };

/** Kilobytes of VmLck in /proc/self/status. */
function locked(): number {
  return Number(/VmLck:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}

test('secretBuffer() gives zeroed memory in locked pages', needsMlock, () => {
  const before = locked();
  const buffer = native.secretBuffer(5000);
  assert.equal(buffer.length, 5000);
  assert.ok(buffer.every((byte) => byte === 0));
  assert.equal(locked() - before, 8);
});

test('secretBuffer() keeps its pages out of core files and out of forked children', needsMlock, async () => {
  const script = `const { readFileSync } = await import('node:fs');
    const flags = () => readFileSync('/proc/self/smaps', 'utf8').split('\\n').filter((l) => /^VmFlags:.* dd\\b/.test(l) && / wf\\b/.test(l) && / lo\\b/.test(l)).length;
    const before = flags();
    globalThis.kept = native.secretBuffer(10);
    console.log(JSON.stringify(flags() - before));`;
  assert.equal(await evaluate(script), 1);
});

test('secretBuffer() gives its pages back when the buffer is gone', needsMlock, async () => {
  const script = `const { readFileSync } = await import('node:fs');
    const locked = () => Number(/VmLck:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
    let kept = Array.from({ length: 100 }, () => native.secretBuffer(10));
    const most = locked();
    kept = undefined;
    for (let i = 0; i < 50 && locked() > 0; i++) { gc(); await new Promise((resolve) => setImmediate(resolve)); }
    console.log(JSON.stringify([most, locked()]));`;
  assert.deepEqual(await evaluate(script, { flags: ['--expose-gc'] }), [400, 0]);
});

test('secretBuffer() works beyond the limit of locked memory', async () => {
  const script = `const size = 1 << 20;
    const kept = Array.from({ length: 12 }, () => native.secretBuffer(size).fill(1));
    console.log(JSON.stringify(kept.every((buffer) => buffer.length === size)));`;
  const ordinary = process.getuid?.() === 0 ? { uid: 65534 } : {};
  assert.equal(await evaluate(script, ordinary), true);
});

test('secretBuffer() refuses sizes below 1 and above 1 MiB', () => {
  for (const size of [0, -1, 1.5, 2 ** 20 + 1, Number.NaN]) {
    assert.throws(() => native.secretBuffer(size), { name: 'TypeError', message: /^size must be/ });
  }
});

const busy = `const { Worker } = await import('node:worker_threads');
  let code = Array.from({ length: 1000 }, (_, i) => new Function('a', 'let s = 0; for (let i = 0; i < a; i++) s += i * ' + i + '; return s'));
  for (let i = 0; i < 300; i++) for (const each of code) each(3);
  native.lockMemory();
  code = undefined;
  gc(); gc();
  let heap = Array.from({ length: 200000 }, (_, i) => ({ i, text: 'x' + i }));
  heap = undefined;
  gc();
  // Each collects with the aim of reducing memory, as an idle process does by itself after some seconds.
  for (let i = 0; i < 3; i++) (await import('node:v8')).writeHeapSnapshot('/dev/null');
  await new Promise((resolve) => new Worker('let s = 0; for (let i = 0; i < 1e6; i++) s += i;', { eval: true, execArgv: [] }).on('exit', resolve));`;

test('lockMemory() locks the C heap; the process then gives memory of V8 back, runs a Worker, and ends by itself', {
  skip: needsMlock.skip || (process.getuid?.() === 0 ? false : 'needs root'),
}, async () => {
  const result = await runScript(
    `${busy}
    const { readFileSync } = await import('node:fs');
    console.log(/VmLck:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);`,
    { flags: ['--expose-gc'] },
  );
  assert.equal(result.code, 0, result.stderr);
  assert.ok(Number(result.stdout) >= 16 * 1024, `${result.stdout} kB locked`);
});

test('lockMemory() locks as much where the C heap cannot grow, since something lies right behind it', {
  skip: needsMlock.skip || (process.getuid?.() === 0 ? false : 'needs root'),
}, async (t) => {
  const library = compileShared(scratchDirectory(t), 'blocked_heap.c', ['dl']);
  const result = await runScript(
    `${busy}
    const { readFileSync } = await import('node:fs');
    console.log(/VmLck:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);`,
    { flags: ['--expose-gc'], env: preload(library) },
  );
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stderr, /the heap is blocked/);
  assert.ok(Number(result.stdout) >= 16 * 1024, `${result.stdout} kB locked`);
});

test(
  'lockMemory() beyond the limit of an ordinary user throws with a code and leaves nothing locked',
  needsMlock,
  async () => {
    const script = `let code;
    try { native.lockMemory(); } catch (error) { code = error.code; }
    const { readFileSync } = await import('node:fs');
    console.log(JSON.stringify([code, Number(/VmLck:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])]));`;
    const ordinary = process.getuid?.() === 0 ? { uid: 65534 } : {};
    assert.deepEqual(await evaluate(script, ordinary), ['ENOMEM', 0]);
  },
);

/** Much is allocated in the C heap, and all but a little here and there of it freed. */
const scattered = `const { readFileSync } = await import('node:fs');
  const status = (field) => Number(new RegExp(field + ':\\\\s*(\\\\d+)').exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  globalThis.kept = [];
  function scatter() {
    const all = Array.from({ length: 2000 }, () => Buffer.allocUnsafeSlow(50_000).fill(1));
    kept = all.filter((_, index) => index % 10 === 0);
  }
  async function free() {
    for (let i = 0; i < 5; i++) { gc(); await new Promise((resolve) => setImmediate(resolve)); }
  }`;

test('trimHeap() gives back what is free between what is not', {
  skip: sanitized ? 'needs the malloc of glibc' : false,
}, async () => {
  const script = `${scattered}
    // As lockMemory() has it: what is free at the end is kept.
    try { native.lockMemory(); } catch {}
    scatter();
    await free();
    const before = status('VmRSS');
    native.trimHeap();
    console.log(JSON.stringify([before, status('VmRSS')]));`;
  const [before, after] = (await evaluate(script, { flags: ['--expose-gc'] })) as [number, number];
  assert.ok(before - after > 50 * 1024, `${before} kB, then ${after} kB`);
});

test('trimHeap() leaves locked what lockMemory() locked', {
  skip: needsMlock.skip || (process.getuid?.() === 0 ? false : 'needs root'),
}, async () => {
  const script = `${scattered}
    native.lockMemory();
    const locked = status('VmLck');
    native.trimHeap();
    console.log(JSON.stringify([locked, status('VmLck')]));`;
  const [before, after] = (await evaluate(script)) as [number, number];
  assert.ok(before >= 16 * 1024, `${before} kB locked`);
  assert.equal(after, before);
});
