/** Runs the bench in a copy-on-write root of its own: accounts with real hashes are in its /etc alone, and vanish with it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ROOT } from './paths.js';

const MARK = 'PAMHOOK_BENCH_THROW_AWAY_ROOT';
/** The processes of the machine, those of peers among them, as seen from inside. */
export const MACHINE_PROC = '/run/machine-proc';
/** Where the inner run leaves its result: what it writes to disk is gone with it. */
export const RESULT_FD = 3;

/** By chroot and not pivot_root, which fails where the machine's own root is a chroot. */
const SET_UP = `set -e
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
cd /mnt/root
mkdir -p ".$TMPDIR"
mount -t tmpfs -o mode=1777 tmpfs ".$TMPDIR"
mount -t tmpfs -o mode=755 tmpfs run
mkdir .${MACHINE_PROC}
mount --rbind /proc .${MACHINE_PROC}
mount --rbind /dev dev
mount -t proc proc proc
for file in "$1" "$2"; do
  if [ ! -e ".$file" ]; then
    mkdir -p ".\${file%/*}"
    mount --bind -o ro "\${file%/*}" ".\${file%/*}"
  fi
done
ip link set lo up
shift
exec chroot . "$@"`;

export const isInside = process.env[MARK] !== undefined;
export const isRoot = process.getuid?.() === 0;

/** Runs the file once more, inside; its exit code, and what it left as its result. `network`: the machine's, for peers. */
export async function runInside(
  file: string,
  network: boolean,
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; result: string }> {
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
  const setUp = ['bash', '-c', SET_UP, 'bash', `${ROOT}package.json`, process.execPath, fileURLToPath(file)];
  const inner = spawn('unshare', [...namespaces, ...(network ? [] : ['--net']), ...setUp], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, ...env, TMPDIR: tmpdir(), [MARK]: 'yes' },
  });
  const chunks: Buffer[] = [];
  inner.stdio[RESULT_FD]?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const end = () => inner.kill('SIGKILL');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  const [code] = await once(inner, 'close');
  return { code: code ?? 1, result: Buffer.concat(chunks).toString('utf8') };
}
