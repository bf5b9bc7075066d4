#!/bin/bash
# The compiled tests named as arguments, with the one addon that was built, under each newer Node. Called by `make test-nodes`.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=()
for bin in build/nodes/{22,24,26}/bin; do
  echo "== Node $("$bin/node" --version)"
  # First in PATH too, for what starts `node` by name.
  PATH=$PWD/$bin:$PATH $NODE_TEST "$@" || failed+=("$bin/node")
done
[ "${#failed[@]}" -eq 0 ] || { echo "Tests failed under ${failed[*]}" >&2; exit 1; }
