#!/bin/bash
# As root: a Debian root with the packages $2... as the archive $1, from the mirror of this machine; made once, and kept.
set -euo pipefail

archive=$1
shift
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
wanted="$suite $*"
[ "$(cat "$archive.wanted" 2>/dev/null)" != "$wanted" ] || exit 0

mirror=$(apt-get indextargets --format '$(REPO_URI)' | head -n 1)
packages=$*
rm -f "$archive" "$archive.wanted"
mkdir -p "$(dirname "$archive")"
# Each machine has an identity of its own.
mmdebstrap --quiet --variant=minbase --include="${packages// /,}" --customize-hook=': >"$1/etc/machine-id"' "$suite" "$archive" "$mirror"
echo "$wanted" >"$archive.wanted"
