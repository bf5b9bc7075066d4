#!/bin/bash
# Runs the compiled tests named as arguments with FUZZ_RUNS random inputs for each of their properties, or as many as FUZZ_SECONDS allow. A failure
# shows its seed, and `FUZZ_SEED=N` with the same FUZZ_RUNS repeats it. Called by `make fuzz`.
set -euo pipefail
cd "$(dirname "$0")/.."

log=build/fuzz/properties.log start=$SECONDS
mkdir -p build/fuzz
node --test --test-reporter=spec "$@" >"$log" || {
  sed -n '/failing tests:/,$p' "$log"
  echo "FAILED; whole log: $log"
  exit 1
}
awk '/inputs for properties$/ { sum += $1 } END { printf "properties: %d inputs", sum }' "$log"
echo " in $((SECONDS - start)) s"
