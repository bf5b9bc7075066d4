import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { programOf } from '#src/kubectl/kubeconfig/program.js';
import { scratchDirectory } from '../../harness/scratch.js';

/** A directory with programs of these names in it. */
function programs(t: TestContext, ...names: readonly string[]): string {
  const directory = scratchDirectory(t);
  for (const name of names) {
    writeFileSync(join(directory, name), '');
    chmodSync(join(directory, name), 0o755);
  }
  return directory;
}

describe('programOf()', () => {
  it('names the program that was called, where PATH leads to it', (t) => {
    const [bin, other] = [programs(t, 'pamhook', 'kubectl-pamhook'), programs(t)];
    const searchPath = `relative:${other}:${bin}`;
    for (const name of ['pamhook', 'kubectl-pamhook']) {
      assert.equal(programOf({ given: undefined, searchPath, script: `/elsewhere/${name}` }), name);
    }
    assert.equal(programOf({ given: undefined, searchPath, script: '/src/main.js' }), 'kubectl-pamhook');
    assert.equal(programOf({ given: undefined, searchPath: programs(t, 'pamhook'), script: undefined }), 'pamhook');
  });

  it('takes the path of what was called, where PATH does not lead to it', (t) => {
    const bin = programs(t, 'pamhook');
    const script = join(bin, 'pamhook');
    for (const searchPath of ['', undefined, '.', programs(t)]) {
      assert.equal(programOf({ given: undefined, searchPath, script }), script);
    }
  });

  it('finds no directory and no file that cannot be run', (t) => {
    const bin = programs(t);
    mkdirSync(join(bin, 'pamhook'));
    writeFileSync(join(bin, 'kubectl-pamhook'), '');
    for (const script of [undefined, join(bin, 'pamhook'), join(bin, 'main.js'), 'pamhook']) {
      assert.throws(() => programOf({ given: undefined, searchPath: bin, script }), /is found by PATH/);
    }
  });

  it('takes what is given, a relative path made absolute, and nothing but pamhook', () => {
    const given = (text: string) => programOf({ given: text, searchPath: undefined, script: undefined });
    assert.equal(given('kubectl-pamhook'), 'kubectl-pamhook');
    assert.equal(given('/opt/pamhook'), '/opt/pamhook');
    assert.equal(given('./pamhook'), join(process.cwd(), 'pamhook'));
    for (const text of ['', 'sh', '/bin/sh', 'pamhook/', 'pamhook --x', 'a\nb/pamhook']) {
      assert.throws(() => given(text), /--command must be pamhook or kubectl-pamhook/);
    }
  });
});
