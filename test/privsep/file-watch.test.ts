import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type FileWatch, watchFiles } from '#src/privsep/file-watch.js';

/** A watched file `DIR/data/key`, where `data` is a symbolic link, as Kubernetes mounts a Secret. */
async function setUp(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'pamhook-test-'));
  t.after(() => rmSync(dir, { recursive: true }));
  mkdirSync(join(dir, 'v1'));
  symlinkSync('v1', join(dir, 'data'));
  const file = join(dir, 'data', 'key');
  writeFileSync(file, 'one');
  const errors: string[] = [];
  const loaded: string[] = [];
  const log = { error: (message: string) => void errors.push(message), warn() {}, info() {}, verbose() {} };
  t.mock.timers.enable({ apis: ['setInterval'] });
  const load = async () => {
    const text = readFileSync(file, 'utf8');
    if (text === 'bad') throw new Error('bad');
    loaded.push(text);
  };
  const watch: FileWatch = await watchFiles([{ name: 'keys', paths: [file], load }], log);
  t.after(watch.stop);
  /** Lets a second pass, and the look of that second end. */
  const second = async () => {
    t.mock.timers.tick(1_000);
    await watch.idle();
  };
  return { dir, file, errors, loaded, watch, second };
}

describe('watched files', () => {
  it('are loaded when they change, and only then', async (t) => {
    const { file, loaded, second } = await setUp(t);
    await second();
    writeFileSync(file, 'two');
    await second();
    await second();
    assert.deepEqual(loaded, ['two']);
  });

  it('are loaded when another file is renamed over them', async (t) => {
    const { dir, file, loaded, second } = await setUp(t);
    writeFileSync(join(dir, 'new'), 'two');
    renameSync(join(dir, 'new'), file);
    await second();
    assert.deepEqual(loaded, ['two']);
  });

  it('are loaded when a symbolic link on the way to them is swapped', async (t) => {
    const { dir, loaded, second } = await setUp(t);
    mkdirSync(join(dir, 'v2'));
    writeFileSync(join(dir, 'v2', 'key'), 'two');
    symlinkSync('v2', join(dir, 'data.new'));
    renameSync(join(dir, 'data.new'), join(dir, 'data'));
    await second();
    assert.deepEqual(loaded, ['two']);
  });

  it('that are bad for a moment are no error; that stay bad are one error, and are loaded when mended', async (t) => {
    const { file, errors, loaded, second } = await setUp(t);
    writeFileSync(file, 'bad');
    await second();
    assert.deepEqual(errors, []);
    for (let seconds = 0; seconds < 5; seconds += 1) await second();
    assert.equal(errors.length, 1);
    writeFileSync(file, 'mended');
    await second();
    assert.deepEqual(loaded, ['mended']);
  });

  it('that vanish are one error, and are loaded when they are back', async (t) => {
    const { file, errors, loaded, second } = await setUp(t);
    rmSync(file);
    for (let seconds = 0; seconds < 3; seconds += 1) await second();
    assert.equal(errors.length, 1);
    writeFileSync(file, 'back');
    await second();
    assert.deepEqual(loaded, ['back']);
  });

  it('are loaded on demand, changed or not, and then a bad one is an error at once', async (t) => {
    const { file, errors, loaded, watch } = await setUp(t);
    await watch.reload();
    assert.deepEqual(loaded, ['one']);
    writeFileSync(file, 'bad');
    await watch.reload();
    assert.equal(errors.length, 1);
  });
});

it('a watched directory counts with the files in it', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'pamhook-test-'));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'a'), 'one');
  t.mock.timers.enable({ apis: ['setInterval'] });
  let loads = 0;
  const load = async () => {
    loads += 1;
  };
  const watch = await watchFiles([{ name: 'keys', paths: [dir], load }], {
    error() {},
    warn() {},
    info() {},
    verbose() {},
  });
  t.after(watch.stop);
  for (const change of [
    () => writeFileSync(join(dir, 'b'), 'two'),
    () => writeFileSync(join(dir, 'a'), 'other'),
    () => rmSync(join(dir, 'b')),
  ]) {
    const before = loads;
    change();
    t.mock.timers.tick(1_000);
    await watch.idle();
    assert.equal(loads, before + 1);
  }
});
