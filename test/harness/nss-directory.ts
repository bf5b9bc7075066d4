/** A directory of a test's own behind the real nsswitch of a child process: services that can be told to fail, hang and forget. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preload } from './child.js';
import { compileShared, SOURCES } from './compile.js';
import { type Ending, scratchDirectory } from './scratch.js';

/** `no socket`: it fails by ENOENT; `loses groups`: users are found, their groups cannot be asked for; `groups fail`: only their names cannot; `empty`: it knows nobody. */
export type State = 'well' | 'fails' | 'no socket' | 'hangs' | 'empty' | 'loses groups' | 'groups fail';

export interface Directory {
  /** What the child's environment needs. */
  readonly env: Readonly<Record<string, string>>;
  /** How it is from now on; a question that hangs goes on when it hangs no more. */
  is(state: State): void;
  /** The names asked for, in order. */
  asked(): string[];
}

/**
 * dora (30001), edna (30002) and finn (30003) are of `staff` (30000); dora and the machine's own daemon are of `ops` (30100), edna of
 * `system:masters`.
 * The services are `directory`, the same as `sss`, and `silent`, which knows nobody. `lines`: of nsswitch.conf.
 */
export function createDirectory(
  t: Ending,
  lines: readonly string[] = ['passwd: files directory', 'group: files directory'],
): Directory {
  const at = scratchDirectory(t);
  const [state, nsswitch] = [join(at, 'state'), join(at, 'nsswitch.conf')];
  const asked = `${state}.asked`;
  writeFileSync(state, 'well');
  writeFileSync(asked, '');
  // The front writes it after its drop.
  chmodSync(asked, 0o666);
  writeFileSync(nsswitch, lines.map((line) => `${line}\n`).join(''));
  return {
    env: {
      ...preload(join(libraries(), 'nss_redirect.so')),
      LD_LIBRARY_PATH: libraries(),
      NSS_WRAPPER_DIRECTORY: state,
      NSS_WRAPPER_NSSWITCH: nsswitch,
    },
    is: (next) => writeFileSync(state, next),
    asked: () => readFileSync(asked, 'utf8').split('\n').slice(0, -1),
  };
}

let compiled: string | undefined;

/** Where they are, compiled once for all tests of a file. */
function libraries(): string {
  if (compiled === undefined) {
    const directory = mkdtempSync(join(tmpdir(), 'pamhook-test-'));
    process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
    chmodSync(directory, 0o755);
    compileShared(directory, 'nss_redirect.c', ['dl']);
    compileService(directory, 'directory', []);
    compileService(directory, 'sss', []);
    compileService(directory, 'silent', ['-DSILENT']);
    compiled = directory;
  }
  return compiled;
}

function compileService(directory: string, service: string, flags: readonly string[]): void {
  const output = join(directory, `libnss_${service}.so.2`);
  const own = ['-shared', '-fPIC', '-Wall', '-Wextra', '-Werror', `-DSERVICE=${service}`, ...flags, '-o', output];
  execFileSync('cc', [...own, join(SOURCES, 'nss_directory.c')]);
}
