#!/bin/bash
# Headers and library of PAM for arm64, out of Debian's packages, in the directory $1: to link against from another machine. Nothing is installed.
set -euo pipefail
directory=$1
[ ! -e "$directory/usr/include/security/pam_appl.h" ] || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial}
touch "$work/status"
# An apt of its own: the machine's knows nothing of arm64, and is not to.
apt=(apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o "Dir::State=$work" -o "Dir::State::Lists=$work/lists"
  -o "Dir::State::status=$work/status" -o "Dir::Cache=$work/cache" -o Acquire::Languages=none -o APT::Sandbox::User=)
"${apt[@]}" update >/dev/null
(cd "$work" && "${apt[@]}" download libpam0g libpam0g-dev >/dev/null)
rm -rf "$directory"
mkdir -p "$work/root"
for package in "$work"/*.deb; do dpkg-deb --extract "$package" "$work/root"; done
# The library lies in /lib, the link to it in /usr/lib.
mkdir -p "$directory/usr/lib" "$directory/usr/include"
cp -r "$work/root/usr/include/security" "$directory/usr/include/"
cp "$work"/root/lib/aarch64-linux-gnu/libpam.so.0.* "$directory/usr/lib/libpam.so"
