#!/bin/bash
# As root: builds and tests a copy of this tree as an ordinary user, by an id that no account has. Called by `make test-user`.
set -euo pipefail
cd "$(dirname "$0")/.."

uid=54321
[ "$(id -u)" -eq 0 ] || { echo "make test-user is for root; make test does the same for an ordinary user" >&2; exit 1; }
! getent passwd "$uid" >/dev/null || { echo "uid $uid is in use" >&2; exit 1; }

home=$(mktemp -d /tmp/pamhook-user.XXXXXX)
trap 'rm -rf "$home"' EXIT
mkdir "$home/pamhook" "$home/tmp"
git ls-files -z --cached --others --exclude-standard | tar --null --files-from - --create | tar --extract --directory "$home/pamhook"
chown -R "$uid:$uid" "$home"
# 0700, as many a home is: nothing may count on others reading the tree.
chmod 0700 "$home"

cd "$home/pamhook"
HOME=$home TMPDIR=$home/tmp XDG_CACHE_HOME=$home/.cache npm_config_userconfig=$home/.npmrc \
  setpriv --reuid "$uid" --regid "$uid" --clear-groups make "${@:-test}"
