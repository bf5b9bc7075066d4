#!/bin/bash
# As root: a fresh clone in a bare Debian root that has only Node, npm, git and make: `make run`, the commands that it prints, Ctrl-C, `make test`.
# The network is the machine's, and so are apt's and the certificates' configuration; nothing else of the machine is there.
set -euo pipefail
cd "$(dirname "$0")/.."

port=${PORT:-6443}
prefix=$(node -p 'path.dirname(path.dirname(process.execPath))')
mirror=$(apt-get indextargets --format '$(REPO_URI)' | head -n 1)
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")

[ "$(id -u)" -eq 0 ] || { echo "this test is for root" >&2; exit 1; }
scripts/system-packages.sh mmdebstrap

work=$(mktemp -d /tmp/pamhook-bare.XXXXXX)
root=$work/root
trap 'rm -rf --one-file-system "$work"' EXIT

make_root() {
  mmdebstrap --quiet --variant=minbase --include=ca-certificates,git,make "$suite" "$root" "$mirror"
  rm -rf "$root/etc/apt"
  cp -rL /etc/apt "$root/etc/apt"
  # Anew: links there are absolute, and copying through them would end outside the root.
  rm -rf "$root/etc/ssl/certs" "$root/etc/resolv.conf" "$root/etc/hosts"
  cp -rL /etc/ssl/certs "$root/etc/ssl/certs"
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
  mkdir -p "$root/usr/local/lib/node_modules" "$root/usr/local/include"
  cp -a "$prefix/lib/node_modules/npm" "$root/usr/local/lib/node_modules/"
  cp -a "$prefix/include/node" "$root/usr/local/include/"
  cp -L "$prefix/bin/node" "$root/usr/local/bin/"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  git clone --quiet --no-hardlinks . "$root/root/pamhook"
  chmod 0700 "$root/root/pamhook"
}

# Runs $1 there as bash does, in namespaces of its own, so that whatever it leaves behind ends with it.
in_root() {
  local keep=()
  for name in NODE_EXTRA_CA_CERTS http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [ -z "${!name:-}" ] || keep+=("$name=${!name}")
  done
  unshare --mount --pid --fork --kill-child --propagation private bash -euc '
    # A mount point of its own, so that the tests can have mount namespaces there.
    mount --bind "$1" "$1"
    mount -t proc proc "$1/proc"
    mount --rbind /dev "$1/dev"
    root=$1 && shift
    exec chroot "$root" env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
  ' in_root "$root" "PORT=$port" CI=true "${keep[@]}" bash -euo pipefail -c "cd /root/pamhook; $1"
}

try_demo='
fail() { echo "make run: $*" >&2; cat /tmp/demo.log >&2; exit 1; }
etc() { find /etc/passwd /etc/group /etc/shadow /etc/pam.d /etc/nsswitch.conf -type f -exec sha256sum {} + 2>/dev/null | sort; }
before=$(etc)
# Job control: without it bash starts background commands with SIGINT ignored. env: so may be whoever started this.
set -m; env --default-signal=HUP,INT,QUIT make run >/tmp/demo.log 2>&1 & set +m; demo=$!
for ((tries = 600; tries > 0; tries--)); do
  grep -q "^Ctrl-C stops it" /tmp/demo.log && break
  kill -0 "$demo" 2>/dev/null || fail "ended"
  sleep 0.5
done
[ "$tries" -gt 0 ] || fail "not ready"
grep -q "^WARNING: a demo account is served" /tmp/demo.log || fail "no warning"
mapfile -t commands < <(sed -n "s/^  \(curl .*\)/\1/p" /tmp/demo.log)
[ "${#commands[@]}" -eq 3 ] || fail "${#commands[@]} commands instead of 3"
for at in 0 1 2; do
  echo "+ ${commands[at]}"
  answers[at]=$(bash -c "${commands[at]}" 2>/dev/null) || fail "the command failed"
  echo "${answers[at]}"
done
grep -qE "^[^.]+\.[^.]+\.[^.]+$" <<<"${answers[0]}" || fail "no token"
node -e "const { status } = JSON.parse(process.argv[1]); if (status.authenticated !== true || status.user.username !== \"demo\" || !status.user.groups.includes(\"developers\")) process.exit(1)" "${answers[1]}" || fail "no review"
[ "${answers[2]}" = ok ] || fail "no heartbeat"
kill -INT -- "-$demo"
for ((tries = 120; tries > 0; tries--)); do kill -0 "$demo" 2>/dev/null || break; sleep 0.5; done
[ "$tries" -gt 0 ] || fail "does not stop"
status=0; wait "$demo" || status=$?
case $status in 0 | 130) ;; *) fail "exit status $status" ;; esac
! (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null || fail "the port is still served"
[ -z "$(find /tmp -maxdepth 1 -name "pamhook-demo*")" ] || fail "left its accounts behind"
[ "$(etc)" = "$before" ] || fail "changed /etc"
'

make_root
in_root "$try_demo"
in_root 'make test'
