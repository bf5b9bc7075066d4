#!/bin/bash
# Installs the Debian packages named as arguments that are missing: as root, or through sudo.
set -euo pipefail

if ! command -v dpkg-query >/dev/null; then
  echo "Not a Debian system: what these packages of Debian hold must be there already: $*" >&2
  exit 0
fi

missing=()
for package in "$@"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) || status=
  [ "$status" = installed ] || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

apt=(apt-get -y -q -o DPkg::Lock::Timeout=300)
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Missing system packages, and neither root nor sudo to install them. As root: apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "Installing missing system packages: ${missing[*]}" >&2
# env, because sudo passes no environment on.
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${apt[@]}" update >/dev/null
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${apt[@]}" install --no-install-recommends "${missing[@]}" >/dev/null
