/** What befalls the file of `pamhook kubeconfig`: full disks, closed directories, signals. The old one stays, or the new one is whole. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MAIN } from '../../daemon/daemon-harness.js';
import { scratchDirectory } from '../../harness/scratch.js';
import { kubeconfig } from './called.js';

const isRoot = process.getuid?.() === 0;
const needsRoot = isRoot ? false : 'needs root';
const BASIC = ['--command', 'pamhook', '--server', 'https://pamhook.example.org:6443'];
const OLD = `apiVersion: v1\nkind: Config\n# ${'x'.repeat(8000)}\n`;
const NOBODY = 65_534;

/** Whose modules are loaded before, from where nobody may read. */
async function asNobody<T>(call: () => Promise<T>): Promise<T> {
  await kubeconfig({}, '--help');
  process.seteuid?.(NOBODY);
  try {
    return await call();
  } finally {
    process.seteuid?.(0);
  }
}

describe('the file of pamhook kubeconfig', () => {
  it('stays as it was when the disk is full, and nothing is left beside it', (t) => {
    const dir = scratchDirectory(t);
    const path = join(dir, 'config');
    writeFileSync(path, OLD);
    const call = ['kubeconfig', ...BASIC, '--kubeconfig', path];
    const limited = ['--fsize=8100', process.execPath, MAIN, ...call];
    const { status, stdout, stderr } = spawnSync('prlimit', limited, { encoding: 'utf8' });
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /^pamhook kubeconfig: \S+config cannot be written \(EFBIG\), and is left as it was\n$/);
    assert.equal(readFileSync(path, 'utf8'), OLD);
    assert.deepEqual(readdirSync(dir), ['config']);
  });

  it('stays as it was in a directory in which nothing may be made', async (t) => {
    const dir = scratchDirectory(t);
    const path = join(dir, 'config');
    writeFileSync(path, OLD);
    chmodSync(path, 0o666);
    chmodSync(dir, 0o555);
    const call = () => kubeconfig({}, ...BASIC, '--kubeconfig', path, '--username', 'alice');
    const { code, stderr } = await (isRoot ? asNobody(call) : call());
    // Or else nobody but root can take it away.
    chmodSync(dir, 0o755);
    assert.equal(code, 1);
    assert.match(stderr, /^pamhook kubeconfig: \S+config cannot be written \(EACCES\), and is left as it was\n$/);
    assert.equal(readFileSync(path, 'utf8'), OLD);
  });

  it('keeps owner, group and mode when root changes that of another', { skip: needsRoot }, async (t) => {
    const dir = scratchDirectory(t);
    const path = join(dir, 'config');
    writeFileSync(path, OLD);
    chownSync(path, 1234, 5678);
    chmodSync(path, 0o640);
    assert.equal((await kubeconfig({}, ...BASIC, '--kubeconfig', path)).code, 0);
    const { uid, gid, mode } = statSync(path);
    assert.deepEqual([uid, gid, mode & 0o7777], [1234, 5678, 0o640]);
  });

  it('is not made where the directory above its directory is missing', async (t) => {
    const dir = scratchDirectory(t);
    const { code, stderr } = await kubeconfig({}, ...BASIC, '--kubeconfig', join(dir, 'a', 'b', 'config'));
    assert.deepEqual([code, stderr], [2, `pamhook kubeconfig: there is no directory ${dir}/a; make it first\n`]);
    assert.deepEqual(readdirSync(dir), []);
  });

  it('is whole, and its lock gone, whenever a signal ends the command', async (t) => {
    const dir = scratchDirectory(t);
    const path = join(dir, 'config');
    mkdirSync(join(dir, 'home'));
    const command = [MAIN, 'kubeconfig', ...BASIC, '--kubeconfig', path];
    writeFileSync(path, OLD);
    const began = performance.now();
    assert.equal(spawnSync(process.execPath, command).status, 0);
    const took = performance.now() - began;
    const whole = readFileSync(path, 'utf8');
    assert.notEqual(whole, OLD);
    // It writes at its end.
    for (const part of [0.2, 0.4, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1, 1.1]) {
      writeFileSync(path, OLD);
      const child = spawn(process.execPath, command, { stdio: 'ignore' });
      const ended = once(child, 'exit');
      setTimeout(() => child.kill('SIGTERM'), part * took);
      await ended;
      const text = readFileSync(path, 'utf8');
      assert.ok(text === OLD || text === whole, text);
      assert.ok(!existsSync(`${path}.lock`));
      assert.deepEqual(readdirSync(dir).sort(), ['config', 'home']);
    }
  });

  it('is finished, and its lock gone, when a signal comes in the middle', (t) => {
    const dir = scratchDirectory(t);
    const path = join(dir, 'config');
    const lock = new URL('../../../src/kubectl/kubeconfig/lock.js', import.meta.url);
    const script = `import { writeFileSync } from 'node:fs';
      const { withLocks } = await import(${JSON.stringify(lock)});
      await withLocks([${JSON.stringify(path)}], () => {
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.kill(process.pid, signal);
        writeFileSync(${JSON.stringify(path)}, 'whole');
      });`;
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '--eval', script]);
    assert.equal(signal, null);
    assert.equal(readFileSync(path, 'utf8'), 'whole');
    assert.deepEqual(readdirSync(dir), ['config']);
  });
});
