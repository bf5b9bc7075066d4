#!/bin/bash
# As root: downloads Debian packages into the directory $1, with what they depend on that this machine lacks, and installs nothing. For tests that
# install them in a throw-away root; an ordinary user's tests do without, and so does this script then.
set -euo pipefail

directory=$1
shift
[ "$(id -u)" -eq 0 ] && command -v dpkg-query >/dev/null || exit 0
# What is lacking depends on what is installed.
wanted=$(echo "$*" && sha256sum </var/lib/dpkg/status)
[ "$(cat "$directory/wanted" 2>/dev/null)" != "$wanted" ] || exit 0

echo "Downloading packages for tests: $*" >&2
rm -rf "$directory"
mkdir -p "$directory/partial"
apt=(apt-get -y -q -o DPkg::Lock::Timeout=300 -o "Dir::Cache::archives=$(realpath "$directory")" -o APT::Sandbox::User=root)
"${apt[@]}" update >/dev/null
DEBIAN_FRONTEND=noninteractive "${apt[@]}" install --no-install-recommends --download-only "$@" >/dev/null
echo "$wanted" >"$directory/wanted"
