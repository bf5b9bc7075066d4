#!/bin/bash
# Runs libFuzzer's targets: $1 is short or long, $2 the number of inputs for each, the rest are the targets. Every target runs, and each failure
# fails the whole, with the input that caused it kept in build/fuzz/found. Called by `make fuzz` and `make fuzz-short`.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=$1 runs=$2
shift 2
found=build/fuzz/found
mkdir -p "$found"
# Little quarantine: the blocks are few, and the run is to stay small. Leaks are looked for too, which libFuzzer does by itself.
export ASAN_OPTIONS=quarantine_size_mb=16:detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1

# Beside the kept inputs, so that those stay as they are.
corpus_of() {
  local corpus=build/fuzz/corpus/$1
  if [ "$mode" = short ]; then
    corpus=build/fuzz/short/$1
    rm -rf "$corpus"
  fi
  mkdir -p "$corpus"
  echo "$corpus"
}

coverage_of() {
  local target=$1
  llvm-profdata merge -o "$target.profdata" "$target.profraw"
  llvm-cov export -summary-only -instr-profile "$target.profdata" "$target" src/native 2>/dev/null |
    node -e '
      const { files, totals } = JSON.parse(require("fs").readFileSync(0, "utf8")).data[0];
      const names = files.map(({ filename }) => filename.split("/").at(-1)).filter((name) => name.endsWith(".cc"));
      console.log(`${totals.lines.covered} of ${totals.lines.count} lines and ${totals.branches.covered} of ${totals.branches.count} branches of ${names.join(", ")}`);'
}

fuzz() {
  local target=$1 name log start=$SECONDS
  name=$(basename "$target")
  log=build/fuzz/$name.log
  local seed=()
  [ "$mode" = long ] || seed=(-seed=1)
  if ! LLVM_PROFILE_FILE=$target.profraw "$target" "${seed[@]}" -runs="$runs" -timeout=60 -print_final_stats=1 -artifact_prefix="$found/$name-" \
    "$(corpus_of "$name")" "test/fuzz/corpus/$name" >"$log" 2>&1; then
    grep -v -E '^#[0-9]+|NEW_FUNC' "$log" | tail -n 60
    echo "FAILED: $name; whole log: $log; once more: $target $(sed -n 's/.*Test unit written to //p' "$log")"
    return 1
  fi
  echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $((SECONDS - start)) s; reached $(coverage_of "$target")"
}

failed=()
for target in "$@"; do
  fuzz "$target" || failed+=("$target")
done
[ "${#failed[@]}" -eq 0 ]
