/** Compiles the C files beside the tests into shared objects of a scene. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `test/daemon/NAME.c` -> the path of `DIR/NAME.so`. */
export function compile(name: string, dir: string, libraries: readonly string[]): string {
  const source = fileURLToPath(new URL(`../../../test/daemon/${name}.c`, import.meta.url));
  const target = join(dir, `${name}.so`);
  execFileSync('g++', [
    '-x',
    'c',
    '-shared',
    '-fPIC',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-o',
    target,
    source,
    ...libraries,
  ]);
  return target;
}
