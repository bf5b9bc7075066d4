#!/bin/bash
# Writes the programs of pamhook into the folder named as argument, with all of src/ that each uses: a process with one file to load starts
# in half the time of one with a hundred. What npm installs stays beside it. Called by `make compile`.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$1
bundle() {
  node_modules/.bin/esbuild --bundle --packages=external --platform=node --target=node20 --format=esm --outbase=src \
    --outdir="$out" --log-level=warning "$@"
}

rm -f "$out"/cli/*.js
# The processes of the daemon, each one file.
bundle src/cli/serve.ts src/privsep/{front,limits-store,metrics,worker}.ts
# Every other command loads what it needs, and no more, when it is called.
bundle --splitting --chunk-names='cli/[name]-[hash]' --external:./serve.js src/cli/main.ts src/kubectl/{main,complete-main}.ts
chmod 0755 "$out"/{cli/main,kubectl/main,kubectl/complete-main}.js
# The script of the page, for browsers.
bundle --platform=browser --target=es2022 --outbase=src/web/browser --entry-names=web/page --charset=utf8 src/web/browser/main.ts
cp src/web/*.css src/web/*.svg "$out/web/"
