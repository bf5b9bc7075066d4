/** Podman for the tests of the deployment, as root: its own storage, and namespaces in which whatever runs in containers ends with the test. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ended } from '../daemon/daemon-harness.js';
import { ROOT } from '../harness/child.js';

const MARK = 'PAMHOOK_TEST_CONTAINERS';

/**
 * Called with `import.meta.url` before a file's first test: runs the file once more, inside, whose reports go where this process's would have
 * gone, and does not return; inside it does nothing.
 */
export function enterNamespaces(file: string): void {
  if (process.env[MARK] !== undefined) return;
  if (process.getuid?.() !== 0) throw new Error('containers are for root');
  const storage = mkdtempSync(join(tmpdir(), 'pamhook-containers-'));
  const before = unifiedCgroups();
  try {
    const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];
    const node = [process.execPath, ...process.execArgv, fileURLToPath(file)];
    const env = { ...process.env, [MARK]: storage };
    const { status, error } = spawnSync('unshare', [...namespaces, ...node], { stdio: 'inherit', env });
    if (error !== undefined) throw error;
    process.exitCode = status ?? 1;
  } finally {
    rmSync(storage, { recursive: true, force: true });
    restore(before);
  }
  process.exit();
}

/** The mount of cgroup2: systemd in a container changes its options, and those belong to the whole machine. */
function unifiedCgroups(): readonly string[] {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  return mounts.find((line) => line.startsWith('cgroup2 '))?.split(' ') ?? [];
}

function restore([, path, , options]: readonly string[]): void {
  if (path === undefined || options === undefined || unifiedCgroups()[3] === options) return;
  execFileSync('mount', ['-t', 'cgroup2', '-o', `remount,${options}`, 'cgroup2', path]);
}

const storage = process.env[MARK] ?? '';

/** A directory that is gone when the file's tests are over. */
export function temporary(name: string): string {
  const path = join(storage, name);
  mkdirSync(path);
  return path;
}

/** Not crun, which wants one kind of cgroups alone. */
const GLOBAL = [
  ['--root', join(storage, 'images')],
  ['--runroot', join(storage, 'run')],
  ['--tmpdir', join(storage, 'tmp')],
  ['--runtime', 'runc'],
  ['--cgroup-manager', 'cgroupfs'],
  ['--log-level', 'error'],
].flat();

export function podman(args: readonly string[], { input = '' }: { input?: string } = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile('podman', [...GLOBAL, ...args], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, stdout, stderr });
    });
    // Who reads no input may end before it was written.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** What it printed. Rejects when it failed. */
export async function output(args: readonly string[], options: { input?: string } = {}): Promise<string> {
  const { code, stdout, stderr } = await podman(args, options);
  if (code !== 0) throw new Error(`podman ${args.join(' ')}: ${code}\n${stdout}${stderr}`);
  return stdout;
}

/** The limits of this process are the most that may be given: without CAP_SYS_RESOURCE podman's own cannot be had. */
export function limits(): string[] {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? '1024';
  return [`--ulimit=nofile=${hard}:${hard}`, '--ulimit=nproc=4096:4096'];
}

/** The archive of a Debian root with these packages, made once by scripts/debian-root.sh and kept. */
export function debianArchive(name: string, packages: readonly string[]): string {
  const path = join(ROOT, 'build/deploy', `${name}.tar`);
  execFileSync(join(ROOT, 'scripts/debian-root.sh'), [path, ...packages], { stdio: ['ignore', 'ignore', 'inherit'] });
  return path;
}
