/** Compiles small C sources of the tests: PAM modules, and libraries put before libc. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const SOURCES = fileURLToPath(new URL('../../../test/harness/', import.meta.url));

/** Compiles test/harness/`source` (C) to a shared object in the directory; returns its path. */
export function compileShared(directory: string, source: string, libraries: readonly string[] = []): string {
  const output = join(directory, source.replace(/\.c$/, '.so'));
  const flags = ['-shared', '-fPIC', '-Wall', '-Wextra', '-Werror', '-o', output];
  execFileSync('cc', [...flags, join(SOURCES, source), ...libraries.map((name) => `-l${name}`)]);
  return output;
}
