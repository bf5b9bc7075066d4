#!/bin/bash
# As root: builds a copy of this tree as an ordinary user, of an account that is there for these processes alone, and calls make there with the arguments, or to test it all. Called by `make test-user`.
set -euo pipefail
cd "$(dirname "$0")/.."

uid=54321
[ "$(id -u)" -eq 0 ] || { echo "make test-user is for root; an ordinary user's own is make test" >&2; exit 1; }
! getent passwd "$uid" >/dev/null || { echo "uid $uid is in use" >&2; exit 1; }

home=$(mktemp -d /tmp/pamhook-user.XXXXXX)
trap 'rm -rf "$home"' EXIT
mkdir "$home/pamhook" "$home/tmp"
git ls-files -z --cached --others --exclude-standard | tar --null --files-from - --create | tar --extract --directory "$home/pamhook"
chown -R "$uid:$uid" "$home"
# 0700, as many a home is: nothing may count on others reading the tree.
chmod 0700 "$home"

for file in passwd group; do cp "/etc/$file" "$home/$file"; done
echo "tester:x:$uid:$uid::$home:/bin/sh" >>"$home/passwd"
echo "tester:x:$uid:" >>"$home/group"
chmod 0644 "$home/passwd" "$home/group"

cd "$home/pamhook"
export home uid HOME=$home TMPDIR=$home/tmp XDG_CACHE_HOME=$home/.cache npm_config_userconfig=$home/.npmrc
# The directory being closed to others, the files are reached through mounts alone.
unshare --mount --propagation private bash -euc '
  for file in passwd group; do mount --bind "$home/$file" "/etc/$file"; done
  exec setpriv --reuid "$uid" --regid "$uid" --clear-groups make "$@"' bash "${@:-test}"
