/** Runs a whole test file in a copy-on-write root of its own, with its own processes and loopback: accounts, packages and daemons vanish with it. */
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './child.js';

const MARK = 'PAMHOOK_TEST_THROW_AWAY_ROOT';

/** By chroot and not pivot_root: that one fails where the machine's own root is a chroot. What other file systems hold is not in the copy. */
const SET_UP = `set -e
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
cd /mnt/root
mkdir -p ".$TMPDIR"
mount -t tmpfs -o mode=1777 tmpfs ".$TMPDIR"
mount -t tmpfs tmpfs run
mount --rbind /dev dev
mount -t proc proc proc
for file in "$1" "$2" "\${KUBEBUILDER_ASSETS:-}"/kubectl; do
  [ -e "$file" ] || continue
  if [ ! -e ".$file" ]; then
    mkdir -p ".\${file%/*}"
    mount --bind -o ro "\${file%/*}" ".\${file%/*}"
  fi
done
ip link set lo up
shift
exec chroot . "$@"`;

/** For a test's `skip`. */
export const outside = process.env[MARK] === undefined ? 'needs root' : false;

/**
 * Called with `import.meta.url` before a file's first test. As root it runs the file once more, inside, whose reports go where
 * this process's would have gone, and does not return; inside, and as an ordinary user, it does nothing.
 */
export function enterThrowAwayRoot(file: string): void {
  if (process.getuid?.() !== 0 || outside === false) return;
  const namespaces = ['--mount', '--pid', '--net', '--fork', '--kill-child', '--propagation', 'private'];
  const node = [process.execPath, ...process.execArgv, fileURLToPath(file)];
  const setUp = ['bash', '-c', SET_UP, 'bash', join(ROOT, 'package.json')];
  const { status, error } = spawnSync('unshare', [...namespaces, ...setUp, ...node], {
    stdio: 'inherit',
    env: { ...process.env, TMPDIR: tmpdir(), [MARK]: 'yes' },
  });
  if (error !== undefined) throw error;
  process.exit(status ?? 1);
}
