/** Podman for the tests of the deployment, as root: its own storage, and namespaces in which whatever runs in containers ends with the test. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Ended } from '../daemon/daemon-harness.js';
import { ROOT } from '../harness/child.js';

const MARK = 'PAMHOOK_TEST_CONTAINERS';

/** Where podman and runc keep what they know of containers wherever the storage is, locks among it: here it is one test's alone. */
const SET_UP = `set -e
for directory in /run /dev/shm /var/lib/containers; do
  [ ! -d "$directory" ] || mount -t tmpfs tmpfs "$directory"
done
exec "$@"`;

/**
 * Awaited with `import.meta.url` before a file's first test: runs the file once more, inside, whose reports go where this process's would have
 * gone, and does not return; inside it does nothing. `restoring`: what a test changes of the whole machine, to be undone.
 */
export async function enterNamespaces(file: string, restoring: () => () => void = () => () => {}): Promise<void> {
  if (process.env[MARK] !== undefined) return;
  if (process.getuid?.() !== 0) throw new Error('containers are for root');
  const storage = mkdtempSync(join(tmpdir(), 'pamhook-containers-'));
  const restore = restoring();
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];
  const node = [process.execPath, ...process.execArgv, fileURLToPath(file)];
  const child = spawn('unshare', [...namespaces, 'bash', '-c', SET_UP, 'bash', ...node], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: storage },
  });
  // How a test that takes too long is ended: with it end its processes, and then they leave nothing behind.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill('SIGKILL'));
  const [code] = await once(child, 'close');
  await removed(storage);
  restore();
  process.exit(code ?? 1);
}

/** What was killed a moment ago may write on for another. */
async function removed(directory: string): Promise<void> {
  for (let tries = 100; existsSync(directory) && tries > 0; tries--) {
    try {
      rmSync(directory, { recursive: true, force: true });
    } catch {
      await sleep(100);
    }
  }
}

/** The options of the mount of cgroup2, which systemd in a container changes, for the machine as for itself. */
export function restoringCgroups(): () => void {
  const [, path = '', , options = ''] = unifiedCgroups();
  return () => {
    if (options === (unifiedCgroups()[3] ?? '')) return;
    execFileSync('mount', ['-t', 'cgroup2', '-o', `remount,${options}`, 'cgroup2', path]);
  };
}

function unifiedCgroups(): readonly string[] {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  return mounts.find((line) => line.startsWith('cgroup2 '))?.split(' ') ?? [];
}

const storage = process.env[MARK] ?? '';

/** A directory that is gone when the file's tests are over. */
export function temporary(name: string): string {
  const path = join(storage, name);
  mkdirSync(path);
  return path;
}

/** Not crun, which wants one kind of cgroups alone. Faults are told by exit codes; what is logged beside them is of health checks without systemd's timers. */
const GLOBAL = [
  ['--root', join(storage, 'images')],
  ['--runroot', join(storage, 'run')],
  ['--runtime', 'runc'],
  ['--cgroup-manager', 'cgroupfs'],
  ['--log-level', 'fatal'],
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

/** A directory with a command `docker`, for the commands of a document: podman, with what these tests need beside. */
export function dockerCommand(more: { readonly build: readonly string[]; readonly run: readonly string[] }): string {
  const directory = temporary('bin');
  const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(' ');
  const script = `#!/bin/bash
set -euo pipefail
command=$1; shift
case $command in
  build) set -- ${quoted(more.build)} "$@" ;;
  run) set -- ${quoted(more.run)} "$@" ;;
esac
exec podman ${quoted(GLOBAL)} "$command" "$@"
`;
  writeFileSync(join(directory, 'docker'), script, { mode: 0o755 });
  return directory;
}
