#!/bin/bash
# Replaces each target's kept corpus by the fewest inputs that reach all that it and build/fuzz/corpus reach; their names are digests of what is in
# them. Called by `make fuzz-corpus`.
set -euo pipefail
cd "$(dirname "$0")/.."

export ASAN_OPTIONS=quarantine_size_mb=16 LLVM_PROFILE_FILE=/dev/null
for target in "$@"; do
  name=$(basename "$target")
  kept=test/fuzz/corpus/$name
  merged=build/fuzz/merged/$name
  rm -rf "$merged"
  mkdir -p "$merged" "$kept" "build/fuzz/corpus/$name"
  # Edges alone: how often each is passed would keep ten times as many.
  "$target" -merge=1 -use_counters=0 -max_len=1024 "$merged" "$kept" "build/fuzz/corpus/$name" 2>"build/fuzz/$name.merge.log"
  rm -rf "$kept"
  mv "$merged" "$kept"
  echo "$name: $(find "$kept" -type f | wc -l) inputs, $(du -sb "$kept" | cut -f1) bytes"
done
