#!/bin/bash
# Every supported Node as build/nodes/<major>/bin/node, out of npm's packages: nothing of the machine is changed. Called by `make nodes`.
set -euo pipefail
cd "$(dirname "$0")/.."

package=node-linux-$(node -p process.arch)
for major in 20 22 24 26; do
  dir=build/nodes/$major
  [ ! -x "$dir/bin/node" ] || continue
  npm install --prefix "$dir" --no-save --ignore-scripts --no-audit --no-fund "$package@$major"
  ln -sfn "node_modules/$package/bin" "$dir/bin"
  "$dir/bin/node" --version
done
