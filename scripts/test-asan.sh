#!/bin/bash
# Builds the addon with AddressSanitizer, apart from the other build, and runs the tests named as arguments on it.
# Needs what `make compile-tests` makes. Called by `make test-asan`.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$root/build/asan
mkdir -p "$work/src" "$work/build" "$work/test"
cd "$work"
rm -rf src/native dist build/src build/test test/harness
cp "$root/binding.gyp" "$root/package.json" .
cp -r "$root/src/native" src/native
cp -r "$root/dist" dist
cp -r "$root/build/src" build/src
cp -r "$root/build/test" build/test
cp -r "$root/test/harness" test/harness
ln -sfn "$root/node_modules" node_modules
gyp=(node_modules/.bin/node-gyp --loglevel=warn ${NODE_HEADERS:+"$NODE_HEADERS"})
"${gyp[@]}" configure -- -Daddress_sanitizer=1
"${gyp[@]}" build

# Node and V8 leak at exit on purpose; a small quarantine lets the test of flat memory see real growth.
export ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=1:thread_local_quarantine_size_kb=64:abort_on_error=1
# libcrypt, which pam_unix brings, has to be there when the sanitizer looks for the crypt() it wraps.
LD_PRELOAD=$(g++ -print-file-name=libasan.so):libcrypt.so.1
export LD_PRELOAD
node -e 'process.exit(require("fs").readFileSync("/proc/self/maps", "utf8").includes("libasan") ? 0 : 1)' || {
  echo "node runs without AddressSanitizer" >&2
  exit 1
}
exec $NODE_TEST "$@"
